-- What the scripts of a bundle are applied with. The settings end with the transaction, and these
-- functions with the session.

select set_config(s.name, s.value, true)
from (values
    ('wedsync_realtime.bundle', 'begun'),
    ('check_function_bodies', 'off'),
    ('client_min_messages', 'warning'),
    ('idle_in_transaction_session_timeout', '0'),
    ('lock_timeout', '5s'),
    ('quote_all_identifiers', 'off'),
    ('row_security', 'on'),
    ('search_path', 'public'),
    ('standard_conforming_strings', 'on'),
    ('statement_timeout', '0'),
    ('transaction_timeout', '0')
) as s (name, value)
-- transaction_timeout came with PostgreSQL 17
where
    s.name like '%.%'
    or exists (select from pg_catalog.pg_settings as p where p.name = s.name);

-- Keep deployments apart, and refuse a database whose scripts are not those expected.
create or replace function pg_temp.bundle_begin(lock_key bigint, expected text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_found text;
begin
    if coalesce(current_setting('wedsync_realtime.bundle', true), '') <> 'begun' then
        raise exception 'a bundle is applied in one transaction'
            using hint = 'Use `supabase db push`, or psql with --single-transaction.';
    end if;
    perform pg_advisory_xact_lock(lock_key);
    if to_regclass('wedsync_realtime.deployed_scripts') is not null then
        select encode(
            sha256(convert_to(
                string_agg(d.path || ' ' || d.checksum, e'\n' order by d.path collate "C"), 'UTF8'
            )), 'hex'
        )
        into v_found
        from wedsync_realtime.deployed_scripts as d;
    end if;
    if v_found is distinct from expected then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = case
                when expected is null then 'wedsync-realtime is in this database already'
                when v_found is null then 'wedsync-realtime is not in this database'
                else 'the wedsync-realtime in this database is not the one that this bundle follows'
            end,
            hint = 'Apply the bundles in their order, each once. Where `make migrate` has deployed '
                'the same already, say so: supabase migration repair --status applied <version>.';
    end if;
end
$$;

-- Write into the ledger that a script was deployed.
create or replace function pg_temp.bundle_record(
    path     text,
    checksum text,
    kind     text,
    undo     text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into wedsync_realtime.deployed_scripts as d (path, checksum, kind, undo, duration)
    select
        bundle_record.path, bundle_record.checksum, bundle_record.kind, bundle_record.undo,
        clock_timestamp() - greatest(max(s.applied_at), transaction_timestamp())
    from wedsync_realtime.deployed_scripts as s
    on conflict on constraint deployed_scripts_pkey do update
    set checksum = excluded.checksum,
        kind = excluded.kind,
        undo = excluded.undo,
        applied_at = excluded.applied_at,
        applied_by = excluded.applied_by,
        duration = excluded.duration;
end
$$;

-- The objects of a name: their oids, with the statements that drop them.
create or replace function pg_temp.bundle_find(kind text, schema_name text, object_name text)
    returns table (oid oid, statement text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select p.oid, 'drop routine ' || p.oid::regprocedure::text
    from pg_proc as p
    where
        kind = 'function'
        and p.pronamespace = to_regnamespace(quote_ident(schema_name))
        and p.proname = object_name
    union all
    select
        c.oid,
        case c.relkind when 'm' then 'drop materialized view ' else 'drop view ' end
        || c.oid::regclass::text
    from pg_class as c
    where
        kind = 'view'
        and c.relnamespace = to_regnamespace(quote_ident(schema_name))
        and c.relname = object_name
        and c.relkind in ('v', 'm');
end
$$;

-- Run the script of a function or view; drop what it cannot replace, and an old signature.
create or replace function pg_temp.bundle_replace(
    kind        text,
    schema_name text,
    object_name text,
    script      text
)
    returns void
    language plpgsql
    set search_path = public
as $$
declare
    v_before oid[] := array(select f.oid from pg_temp.bundle_find(kind, schema_name, object_name) f);
    v_drop text;
begin
    begin
        execute script;
    exception
        when invalid_function_definition or ambiguous_function or invalid_table_definition
            or wrong_object_type then
            for v_drop in
                select f.statement from pg_temp.bundle_find(kind, schema_name, object_name) as f
            loop
                execute v_drop;
            end loop;
            execute script;
    end;
    if exists (
        select from pg_temp.bundle_find(kind, schema_name, object_name) as f
        where f.oid <> all (v_before)
    ) then
        for v_drop in
            select f.statement
            from pg_temp.bundle_find(kind, schema_name, object_name) as f
            where f.oid = any (v_before)
        loop
            execute v_drop;
        end loop;
    end if;
end
$$;

-- Drop the objects of a file that is gone, and forget it.
create or replace function pg_temp.bundle_remove(
    path        text,
    kind        text,
    schema_name text,
    object_name text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_drop text;
begin
    if kind not in ('function', 'view') then
        if exists (
            select from wedsync_realtime.deployed_scripts as d where d.path = bundle_remove.path
        ) then
            raise exception '% was deleted, but what it set up is still in the database', path
                using hint = 'Bundle a migration that undoes it and deletes its row in '
                    'wedsync_realtime.deployed_scripts.';
        end if;
        return;
    end if;
    for v_drop in
        select f.statement from pg_temp.bundle_find(kind, schema_name, object_name) as f
    loop
        execute v_drop;
    end loop;
    delete from wedsync_realtime.deployed_scripts as d where d.path = bundle_remove.path;
end
$$;

-- Let the languages check the bodies of functions, which their creation has left out.
create or replace function pg_temp.bundle_check_bodies(functions text[])
    returns void
    language plpgsql
    set search_path = public
as $$
declare
    v_check text;
begin
    perform set_config('check_function_bodies', 'on', true);
    for v_check in
        select format('select %s(%s)', l.lanvalidator::regproc, p.oid)
        from pg_catalog.pg_proc as p
        inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        inner join pg_catalog.pg_language as l on l.oid = p.prolang
        where n.nspname || '.' || p.proname = any (functions) and l.lanvalidator <> 0
    loop
        execute v_check;
    end loop;
    perform set_config('check_function_bodies', 'off', true);
end
$$;

-- Note what this bundle was. What the objects are like is recorded by the runner alone: an older
-- record of that would tell of changes by hand where a bundle made them.
create or replace function pg_temp.bundle_end(version text, applied integer, dropped integer)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from wedsync_realtime.deployed_objects;
    insert into wedsync_realtime.deployments
        (version, action, migrations, applied, dropped, duration)
    select
        bundle_end.version, 'bundle',
        coalesce(max(substr(s.path, length('migrations/') + 1, 4)::integer), 0),
        bundle_end.applied, bundle_end.dropped, clock_timestamp() - transaction_timestamp()
    from wedsync_realtime.deployed_scripts as s
    where s.kind = 'migration';
end
$$;
