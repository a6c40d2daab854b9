-- What holds for every object of the package: row level security, search path, privileges.
-- A failure lists the offenders.

begin;
select plan(12);

select cmp_ok(count(*), '>', 20::bigint, 'every function: there are functions to look at')
from tests.our_functions;
select cmp_ok(count(*), '>', 5::bigint, 'every relation: there are relations to look at')
from tests.our_relations;

-- Row level security

select is_empty(
    $$
        select name
        from tests.our_relations
        where relkind in ('r', 'p') and not relrowsecurity
    $$,
    'every table and partition: has row level security'
);
select is_empty(
    $$
        select c.oid::regclass
        from pg_class as c
        where
            c.relnamespace = 'public'::regnamespace
            and c.relkind in ('r', 'p')
            and not c.relrowsecurity
    $$,
    'every table created for the application: has row level security'
);

-- Functions

select is_empty(
    $$
        select name, proconfig
        from tests.our_functions
        where
            not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
            -- it commits, which a pinned setting forbids, and names nothing that could be shadowed
            and proname <> 'run_job'
    $$,
    'every function: pins search_path to pg_catalog, pg_temp'
);
select is_empty(
    $$
        select f.name
        from tests.our_functions as f
        cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
        where a.grantee = 0
    $$,
    'every function: PUBLIC may not execute it'
);
select is_empty(
    $$
        select name
        from tests.our_functions
        where schema = 'wedsync_realtime' and has_function_privilege('anon', oid, 'execute')
    $$,
    'every function of wedsync_realtime: anon may not execute it'
);
select is_empty(
    $$
        select name, owner
        from tests.our_functions
        where
            prosecdef
            and (owner = 'wedsync_realtime_owner')
            = (proname in ('broadcast_events', 'lock_user', 'open_transactions'))
    $$,
    'every definer function: belongs to wedsync_realtime_owner, three named ones to the deployer'
);
select is_empty(
    $$
        select name
        from tests.our_functions
        where prosecdef and schema = 'public'
    $$,
    'every function of public: runs as its invoker'
);
select is_empty(
    $$
        select schema, proname, count(*)
        from tests.our_functions
        group by schema, proname
        having count(*) > 1
    $$,
    'every function: is the only one of its name'
);

-- Privileges on the rest

select is_empty(
    $$
        select r.rolname
        from pg_roles as r
        where
            r.rolname = 'anon'
            and has_schema_privilege(r.oid, 'wedsync_realtime', 'usage, create')
    $$,
    'schema wedsync_realtime: anon may not use it'
);
select is_empty(
    $$
        select r.name, a.grantee::regrole, a.privilege_type
        from tests.our_relations as r
        cross join lateral aclexplode(r.relacl) as a
        where a.grantee in (0, 'anon'::regrole)
    $$,
    'every relation: PUBLIC and anon hold no privilege'
);

select * from finish();
rollback;
