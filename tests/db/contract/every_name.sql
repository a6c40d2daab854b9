-- How every object of the package is commented, indexed and named.
-- A failure lists the offenders.

begin;
select plan(8);

-- Comments

select is_empty(
    $$
        select name
        from tests.our_relations
        where not relispartition and obj_description(oid, 'pg_class') is null
    $$,
    'every table and view: has a comment'
);
select is_empty(
    $$
        select r.name, a.attname
        from tests.our_relations as r
        inner join pg_attribute as a on a.attrelid = r.oid
        where
            a.attnum > 0
            and not a.attisdropped
            and not r.relispartition
            and col_description(r.oid, a.attnum) is null
    $$,
    'every column: has a comment'
);
select is_empty(
    $$
        select name
        from tests.our_functions
        where obj_description(oid, 'pg_proc') is null
    $$,
    'every function: has a comment'
);

-- Keys, indexes and names

select is_empty(
    $$
        select c.conrelid::regclass, c.conname
        from pg_constraint as c
        where
            c.contype = 'f'
            and c.conparentid = 0
            and c.connamespace in ('public'::regnamespace, 'wedsync_realtime'::regnamespace)
            and not exists (
                select from pg_index as i
                where
                    i.indrelid = c.conrelid
                    and i.indisvalid
                    and i.indpred is null
                    and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
            )
    $$,
    'every foreign key: has an index that starts with its columns'
);
select is_empty(
    $$
        select c.conrelid::regclass, c.conname
        from pg_constraint as c
        inner join pg_class as t on t.oid = c.conrelid and not t.relispartition
        where
            c.connamespace in ('public'::regnamespace, 'wedsync_realtime'::regnamespace)
            and c.contype in ('p', 'u', 'f', 'c', 'x')
            and c.conname !~ ('^' || t.relname || case c.contype
                when 'p' then '_pkey$'
                when 'u' then '_.+_key$'
                when 'f' then '_.+_fkey$'
                when 'c' then '_.+_check$'
                when 'x' then '_.+_excl$'
            end)
    $$,
    'every constraint: is named <table>_<columns>_<kind>'
);
select is_empty(
    $$
        select i.indrelid::regclass, i.indexrelid::regclass
        from pg_index as i
        inner join pg_class as t on t.oid = i.indrelid and not t.relispartition
        inner join pg_class as x on x.oid = i.indexrelid
        where
            t.relnamespace in ('public'::regnamespace, 'wedsync_realtime'::regnamespace)
            and not exists (select from pg_constraint as c where c.conindid = i.indexrelid)
            and x.relname !~ ('^' || t.relname || '_.+_idx$')
    $$,
    'every index: is named <table>_<columns>_idx'
);
select is_empty(
    $$
        select g.tgrelid::regclass, g.tgname
        from pg_trigger as g
        inner join pg_class as t on t.oid = g.tgrelid
        where
            t.relnamespace in ('public'::regnamespace, 'wedsync_realtime'::regnamespace)
            and not g.tgisinternal
            and g.tgparentid = 0
            and g.tgname !~ ('^' || t.relname || '_(before|after)_.+$')
    $$,
    'every trigger: is named <table>_<when>_<verb>'
);
select is_empty(
    $$
        select p.polrelid::regclass, p.polname
        from pg_policy as p
        inner join pg_class as t on t.oid = p.polrelid
        where
            t.relnamespace in ('public'::regnamespace, 'wedsync_realtime'::regnamespace)
            and p.polname !~ ('^' || t.relname || '_' || case p.polcmd
                when 'r' then 'select'
                when 'a' then 'insert'
                when 'w' then 'update'
                when 'd' then 'delete'
                else 'all'
            end || '_.+$')
    $$,
    'every policy: is named <table>_<command>_<who>'
);

select * from finish();
rollback;
