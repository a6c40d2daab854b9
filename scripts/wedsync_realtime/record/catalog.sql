-- Every object of the package with its definition as text: kind, name, template, definition. The
-- roles are in roles.sql.
-- Objects that the data makes (partitions) share a template: their own name is blanked out.
-- Needs search_path = pg_catalog, so that all names come out qualified.

with
relation as (
    select
        c.*,
        n.nspname || '.' || c.relname as full_name,
        case
            when c.relispartition and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
                then c.relname
        end::text as partition_name,
        (select p.relname from pg_class as p where p.oid = i.inhparent)::text as parent_name
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    left join pg_inherits as i on i.inhrelid = c.oid
    where
        n.nspname = 'wedsync_realtime'
        or (
            n.nspname = 'public'
            and coalesce((select p.relname from pg_class as p where p.oid = i.inhparent), c.relname)
            in ('realtime_subscriptions', 'realtime_activity_logs')
        )
),

our_table as (
    select r.* from relation as r where r.relkind in ('r', 'p', 'v', 'm', 'c', 'f')
),

entry as (
    select
        'schema' as kind, n.nspname::text as name, null::text as partition_name, n.nspowner as owner,
        coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl,
        'pg_namespace'::regclass as class, n.oid as object, 0 as part, '' as body
    from pg_namespace as n
    where n.nspname = 'wedsync_realtime'
    union all
    select
        case r.relkind
            when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
            when 'c' then 'type' when 'f' then 'foreign table' else 'table'
        end,
        r.full_name, r.partition_name, r.relowner,
        case
            when r.relkind = 'S' then coalesce(r.relacl, acldefault('s', r.relowner))
            when r.relkind <> 'c' then coalesce(r.relacl, acldefault('r', r.relowner))
        end,
        'pg_class'::regclass, r.oid, 0,
        concat_ws(
            E'\n',
            case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end,
            'partition by ' || pg_get_partkeydef(r.oid),
            case when r.partition_name is null then pg_get_expr(r.relpartbound, r.oid) end,
            'persistence ' || r.relpersistence::text,
            'row level security ' || r.relrowsecurity || ', forced ' || r.relforcerowsecurity,
            'replica identity ' || r.relreplident::text,
            'with ' || r.reloptions::text,
            (
                select
                    'as ' || format_type(s.seqtypid, null) || ' start ' || s.seqstart
                    || ' increment ' || s.seqincrement || ' from ' || s.seqmin
                    || ' to ' || s.seqmax || ' cycle ' || s.seqcycle
                from pg_sequence as s where s.seqrelid = r.oid
            )
        )
    from relation as r
    where r.relkind in ('r', 'p', 'v', 'm', 'c', 'f', 'S')
    union all
    select
        'column', t.full_name || '.' || a.attname, t.partition_name, null, a.attacl,
        'pg_class'::regclass, t.oid, a.attnum,
        concat_ws(
            ' ',
            format_type(a.atttypid, a.atttypmod),
            'collate ' || (
                select o.collname from pg_collation as o
                inner join pg_type as y on y.oid = a.atttypid
                where o.oid = a.attcollation and o.oid <> y.typcollation
            ),
            case when a.attnotnull then 'not null' end,
            'identity ' || nullif(a.attidentity::text, ''),
            'generated ' || nullif(a.attgenerated::text, ''),
            'default ' || pg_get_expr(d.adbin, d.adrelid)
        )
    from our_table as t
    inner join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef as d on d.adrelid = t.oid and d.adnum = a.attnum
    union all
    select
        'index', x.relname || ' on ' || t.full_name, t.partition_name, null, null,
        'pg_class'::regclass, x.oid, 0,
        pg_get_indexdef(x.oid) || case when i.indisvalid then '' else ' (invalid)' end
    from our_table as t
    inner join pg_index as i on i.indrelid = t.oid
    inner join pg_class as x on x.oid = i.indexrelid
    union all
    select
        'constraint', o.conname || ' on ' || t.full_name, t.partition_name, null, null,
        'pg_constraint'::regclass, o.oid, 0,
        pg_get_constraintdef(o.oid) || case when o.convalidated then '' else ' (not validated)' end
        || coalesce((
            select ' (its triggers: ' || string_agg(distinct g.tgenabled::text, ', ') || ')'
            from pg_trigger as g
            where g.tgconstraint = o.oid and g.tgisinternal and g.tgenabled <> 'O'
        ), '')
    from our_table as t
    inner join pg_constraint as o on o.conrelid = t.oid and o.contype not in ('n', 't')
    union all
    select
        'trigger', g.tgname || ' on ' || g.tgrelid::regclass, t.partition_name, null, null,
        'pg_trigger'::regclass, g.oid, 0, pg_get_triggerdef(g.oid) || ' (' || g.tgenabled::text || ')'
    from pg_trigger as g
    inner join pg_proc as p on p.oid = g.tgfoid
    left join our_table as t on t.oid = g.tgrelid
    where
        not g.tgisinternal
        and g.tgparentid = 0
        and (t.oid is not null or p.pronamespace = to_regnamespace('wedsync_realtime'))
    union all
    select
        'policy', p.polname || ' on ' || p.polrelid::regclass, t.partition_name, null, null,
        'pg_policy'::regclass, p.oid, 0,
        concat_ws(
            ' ',
            case when p.polpermissive then 'permissive' else 'restrictive' end, 'for', p.polcmd::text,
            'to', (
                select string_agg(
                    case u.role when 0 then 'public' else u.role::regrole::text end, ', '
                    order by u.role::regrole::text
                )
                from unnest(p.polroles) as u (role)
            ),
            'using ' || pg_get_expr(p.polqual, p.polrelid),
            'with check ' || pg_get_expr(p.polwithcheck, p.polrelid),
            -- the owner's own policies wait on the application's tables, which may have none
            (
                select '(row level security is off)' from pg_class as c
                where
                    c.oid = p.polrelid and not c.relrowsecurity
                    and to_regrole('wedsync_realtime_owner') <> all (p.polroles)
            )
        )
    from pg_policy as p
    left join our_table as t on t.oid = p.polrelid
    where
        t.oid is not null
        or exists (
            select from pg_depend as d
            inner join pg_proc as f on f.oid = d.refobjid
            where
                d.classid = 'pg_policy'::regclass and d.objid = p.oid
                and d.refclassid = 'pg_proc'::regclass
                and f.pronamespace = to_regnamespace('wedsync_realtime')
        )
        or to_regrole('wedsync_realtime_owner') = any (p.polroles)
    union all
    select
        'rule', w.rulename || ' on ' || t.full_name, t.partition_name, null, null,
        'pg_rewrite'::regclass, w.oid, 0, pg_get_ruledef(w.oid) || ' (' || w.ev_enabled::text || ')'
    from our_table as t
    inner join pg_rewrite as w on w.ev_class = t.oid and w.rulename <> '_RETURN'
    union all
    select
        'function', p.oid::regprocedure::text, null, p.proowner,
        coalesce(p.proacl, acldefault('f', p.proowner)), 'pg_proc'::regclass, p.oid, 0,
        case when p.prokind = 'a' then 'aggregate' else pg_get_functiondef(p.oid) end
    from pg_proc as p
    inner join pg_namespace as n on n.oid = p.pronamespace
    where
        n.nspname = 'wedsync_realtime'
        or (n.nspname = 'public' and p.proname = any (%(functions)s))
    union all
    -- operators, collations, enumerated types and whatever else a schema can hold
    select
        i.type, i.identity, null, null, null, d.classid::regclass, d.objid, 0,
        (
            select string_agg(e.enumlabel, ', ' order by e.enumsortorder)
            from pg_enum as e where e.enumtypid = d.objid and d.classid = 'pg_type'::regclass
        )
    from pg_depend as d
    cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) as i
    left join pg_type as t on d.classid = 'pg_type'::regclass and t.oid = d.objid
    where
        d.refclassid = 'pg_namespace'::regclass
        and d.refobjid = to_regnamespace('wedsync_realtime')
        -- what merely names the schema in an expression depends on it too
        and i.schema = 'wedsync_realtime'
        and d.classid not in (
            'pg_class'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass
        )
        and (t.oid is null or (t.typrelid = 0 and t.typcategory <> 'A'))
    union all
    select
        'default privileges',
        'of ' || a.defaclrole::regrole || ' on ' || case a.defaclobjtype
            when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' else 'types'
        end,
        null, a.defaclrole, a.defaclacl, null, null, 0, ''
    from pg_default_acl as a
    where a.defaclnamespace = to_regnamespace('wedsync_realtime')
),

-- few of them differ
permission as (
    select
        p.owner, p.acl,
        (
            select
                string_agg(
                    case a.grantee
                        when 0 then 'public'
                        when p.owner then 'owner'
                        else a.grantee::regrole::text
                    end
                    || ' may ' || lower(a.privilege_type)
                    || case when a.is_grantable then ' and grant it' else '' end,
                    E'\n' order by a.grantee::regrole::text, a.privilege_type
                )
            from aclexplode(p.acl) as a
        ) as privileges
    from (select distinct e.owner, e.acl from entry as e) as p
),

-- materialized, because its texts would be put together again wherever they stand below
described as materialized (
    select
        e.kind, e.name, e.partition_name,
        concat_ws(
            E'\n',
            e.body,
            'owner ' || case
                when e.owner = (
                    select n.nspowner from pg_namespace as n where n.nspname = 'wedsync_realtime'
                ) and e.kind <> 'schema' then 'of the schema'
                when e.kind <> 'schema' then e.owner::regrole::text
            end,
            p.privileges,
            (
                select 'comment ' || c.description
                from pg_description as c
                where
                    c.classoid = e.class and c.objoid = e.object and c.objsubid = e.part
                    -- a partition's tells its range
                    and (e.partition_name is null or e.kind <> 'table')
            )
        ) as definition
    from entry as e
    left join permission as p on p.acl = e.acl and p.owner is not distinct from e.owner
)

select
    d.kind,
    d.name,
    coalesce(replace(d.name, d.partition_name, b.blank), d.name),
    coalesce(replace(d.definition, d.partition_name, b.blank), d.definition)
from described as d
left join relation as r on r.partition_name = d.partition_name
cross join lateral (select '<partition of ' || r.parent_name || '>') as b (blank)
order by d.kind, d.name
