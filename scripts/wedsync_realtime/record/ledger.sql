-- The package's schema, the ledger of what was deployed into it, and what stood there before.
-- Runs again where a part is missing, as after an upgrade of the runner itself.
-- Undo: wedsync-realtime uninstall (loses the package with all its data).

create schema if not exists wedsync_realtime;
comment on schema wedsync_realtime is
'Realtime subscription management: registry, settings, event feed and the bodies behind the RPCs.';

create table if not exists wedsync_realtime.deployed_scripts (
    path       text not null,
    checksum   text not null,
    kind       text not null,
    applied_at timestamptz not null default clock_timestamp(),
    applied_by text not null default session_user,
    duration   interval not null,
    constraint deployed_scripts_pkey primary key (path)
);

alter table wedsync_realtime.deployed_scripts add column if not exists undo text;

create table if not exists wedsync_realtime.deployed_objects (
    kind        text not null,
    name        text not null,
    is_template boolean not null default false,
    definition  text not null,
    constraint deployed_objects_pkey primary key (kind, name)
);

create table if not exists wedsync_realtime.deployments (
    id          bigint not null generated always as identity,
    version     text not null,
    action      text not null,
    migrations  integer not null,
    applied     integer not null,
    dropped     integer not null,
    deployed_at timestamptz not null default clock_timestamp(),
    deployed_by text not null default session_user,
    duration    interval not null,
    is_finished boolean not null default true,
    constraint deployments_pkey primary key (id),
    constraint deployments_action_check
        check (action in ('migrate', 'bundle', 'baseline', 'rollback'))
);

create table if not exists wedsync_realtime.found_objects (
    kind text not null,
    name text not null,
    constraint found_objects_pkey primary key (kind, name)
);

alter table wedsync_realtime.deployed_scripts enable row level security;
alter table wedsync_realtime.deployed_objects enable row level security;
alter table wedsync_realtime.deployments enable row level security;
alter table wedsync_realtime.found_objects enable row level security;
do $$
declare
    v_table text;
    v_role text;
begin
    -- default privileges may have granted to the API roles by name; they may also not exist yet
    foreach v_table in array array[
        'deployed_scripts', 'deployed_objects', 'deployments', 'found_objects'
    ] loop
        execute format('revoke all on table wedsync_realtime.%I from public', v_table);
        for v_role in
            select r.rolname
            from pg_catalog.pg_roles as r
            where r.rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on table wedsync_realtime.%I from %I', v_table, v_role);
        end loop;
    end loop;
end
$$;

-- What uninstall must leave, because it was there before the package came.
insert into wedsync_realtime.found_objects (kind, name)
select f.kind, f.name
from (
    select 'role' as kind, r.rolname::text as name
    from pg_catalog.pg_roles as r
    where r.rolname in ('anon', 'authenticated', 'service_role')
    union all
    select 'schema', n.nspname::text
    from pg_catalog.pg_namespace as n
    where n.nspname = 'auth'
    union all
    select 'table', n.nspname || '.' || c.relname
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where
        (n.nspname, c.relname) in (
            ('auth', 'users'), ('public', 'suppliers'), ('public', 'couples'),
            ('public', 'user_profiles'), ('public', 'clients'), ('public', 'form_responses'),
            ('public', 'journey_progress'), ('public', 'core_fields'),
            ('public', 'wedding_details')
        )
    union all
    select 'function', n.nspname || '.' || p.proname
    from pg_catalog.pg_proc as p
    inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'auth' and p.proname in ('jwt', 'uid', 'role') and p.pronargs = 0
    union all
    select 'publication', p.pubname::text
    from pg_catalog.pg_publication as p
    where p.pubname = 'supabase_realtime'
    union all
    select 'usage on schema public', a.grantee::pg_catalog.regrole::text
    from pg_catalog.pg_namespace as n
    cross join lateral pg_catalog.aclexplode(n.nspacl) as a
    where n.nspname = 'public' and a.privilege_type = 'USAGE' and a.grantee <> 0
) as f
where not exists (select from wedsync_realtime.deployments)
on conflict do nothing;

comment on table wedsync_realtime.deployed_scripts is
'Ledger of the runner: the script files deployed into this database, one row per file.';
comment on column wedsync_realtime.deployed_scripts.path is 'File, relative to the package.';
comment on column wedsync_realtime.deployed_scripts.checksum is
'SHA-256 of the text that was deployed last.';
comment on column wedsync_realtime.deployed_scripts.kind is
'migration, function, view, policy, owner, trigger or job.';
comment on column wedsync_realtime.deployed_scripts.undo is
'What a migration says about undoing it, kept so that a package without the file can roll it back.';
comment on column wedsync_realtime.deployed_scripts.applied_at is 'When it was deployed last.';
comment on column wedsync_realtime.deployed_scripts.applied_by is 'Role that deployed it.';
comment on column wedsync_realtime.deployed_scripts.duration is 'How long it ran.';

comment on table wedsync_realtime.deployed_objects is
'What the objects were like after the deployment that made or changed them: verify compares.';
comment on column wedsync_realtime.deployed_objects.kind is 'table, column, function or the like.';
comment on column wedsync_realtime.deployed_objects.name is
'Name with schema; for a template what its objects have in common.';
comment on column wedsync_realtime.deployed_objects.is_template is
'Whether it stands for objects that the data makes, such as partitions: any number of them.';
comment on column wedsync_realtime.deployed_objects.definition is
'Definition with owner, privileges and comment, as read from the catalogs.';

comment on table wedsync_realtime.deployments is
'Deployments that changed something, the latest last: its version is the database''s.';
comment on column wedsync_realtime.deployments.id is 'Key.';
comment on column wedsync_realtime.deployments.version is 'Version of the package that did it.';
comment on column wedsync_realtime.deployments.action is 'migrate, bundle, baseline or rollback.';
comment on column wedsync_realtime.deployments.migrations is 'Number of the last migration after it.';
comment on column wedsync_realtime.deployments.applied is 'Script files applied.';
comment on column wedsync_realtime.deployments.dropped is
'Script files whose objects were dropped, or that were undone.';
comment on column wedsync_realtime.deployments.deployed_at is 'When it ended.';
comment on column wedsync_realtime.deployments.deployed_by is 'Role that did it.';
comment on column wedsync_realtime.deployments.duration is 'How long it took.';
comment on column wedsync_realtime.deployments.is_finished is
'Whether it came to its end; migrate finishes one that did not.';

comment on table wedsync_realtime.found_objects is
'What was there before the package: uninstall leaves it.';
comment on column wedsync_realtime.found_objects.kind is
'role, schema, table, function, publication or a privilege.';
comment on column wedsync_realtime.found_objects.name is 'Name, or the role that holds the privilege.';
