-- The roles of the package, and what they were granted on objects of others: kind, name, template,
-- definition. Needs search_path = pg_catalog, so that all names come out qualified.

with
own_relation as (
    select c.oid from pg_class as c where c.relnamespace = to_regnamespace('wedsync_realtime')
    union all
    select to_regclass('public.realtime_subscriptions')
    union all
    select p.relid from pg_partition_tree(to_regclass('public.realtime_activity_logs')) as p
),

entry as (
    select
        'grant' as kind, 'to ' || d.refobjid::regrole || ' on ' || i.identity as name,
        coalesce((
            select string_agg(a.privilege, ', ' order by a.privilege)
            from (
                select x.privilege_type as privilege
                from pg_class as c cross join lateral aclexplode(c.relacl) as x
                where d.classid = 'pg_class'::regclass and c.oid = d.objid and d.objsubid = 0
                and x.grantee = d.refobjid
                union all
                select x.privilege_type
                from pg_attribute as c cross join lateral aclexplode(c.attacl) as x
                where d.classid = 'pg_class'::regclass and c.attrelid = d.objid
                and c.attnum = d.objsubid and d.objsubid > 0 and x.grantee = d.refobjid
                union all
                select x.privilege_type
                from pg_namespace as c cross join lateral aclexplode(c.nspacl) as x
                where d.classid = 'pg_namespace'::regclass and c.oid = d.objid
                and x.grantee = d.refobjid
                union all
                select x.privilege_type
                from pg_proc as c cross join lateral aclexplode(c.proacl) as x
                where d.classid = 'pg_proc'::regclass and c.oid = d.objid
                and x.grantee = d.refobjid
            ) as a
        ), '') as definition
    from pg_shdepend as d
    cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) as i
    where
        d.dbid = (select b.oid from pg_database as b where b.datname = current_database())
        and d.refclassid = 'pg_authid'::regclass
        and d.deptype = 'a'
        and d.refobjid in (
            to_regrole('wedsync_realtime_owner'), to_regrole('wedsync_realtime_monitor'),
            to_regrole('wedsync_realtime_relay')
        )
        and d.objid is distinct from to_regnamespace('wedsync_realtime')
        and not exists (select from own_relation as r where r.oid = d.objid)
        and not exists (
            select from pg_proc as p
            where
                d.classid = 'pg_proc'::regclass and p.oid = d.objid
                and (
                    p.pronamespace = to_regnamespace('wedsync_realtime')
                    or p.proname = any (%(functions)s)
                )
        )
    union all
    select
        'role', r.rolname::text,
        concat_ws(
            ' ',
            case when r.rolcanlogin then 'login' end,
            case when r.rolsuper then 'superuser' end,
            case when r.rolbypassrls then 'bypassrls' end,
            case when r.rolcreaterole then 'createrole' end,
            case when r.rolcreatedb then 'createdb' end,
            case when r.rolreplication then 'replication' end,
            (
                select 'member of ' || string_agg(m.roleid::regrole::text, ', ' order by m.roleid)
                from pg_auth_members as m where m.member = r.oid
            ),
            (
                select 'members ' || string_agg(m.member::regrole::text, ', ' order by m.member)
                from pg_auth_members as m
                inner join pg_roles as b on b.oid = m.member
                -- the others' members are the administrators' affair; of the owner, who deploys
                -- is one, here or into another database, and may make members
                where r.rolname = 'wedsync_realtime_owner'
                and m.roleid = r.oid and not b.rolsuper and not b.rolcreaterole
                and m.member <> (
                    select n.nspowner from pg_namespace as n where n.nspname = 'wedsync_realtime'
                )
            )
        )
    from pg_roles as r
    where r.rolname in (
        'wedsync_realtime_owner', 'wedsync_realtime_monitor', 'wedsync_realtime_relay'
    )
)

select e.kind, e.name, e.name, e.definition from entry as e
