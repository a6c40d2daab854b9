-- Say whether a table may have replica identity full while it is published. From 18 on PostgreSQL
-- refuses every update and delete of a published table whose identity holds a generated column
-- that the publication leaves out: it must publish them, and can only those that are stored.

create or replace function wedsync_realtime.can_send_rows(relation regclass)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return current_setting('server_version_num')::integer < 180000 or not exists (
        select
        from pg_attribute as a
        where
            a.attrelid = relation
            and not a.attisdropped
            and (
                a.attgenerated = 'v'
                or a.attgenerated = 's' and not exists (
                    select
                    from pg_publication as p
                    -- a column of the catalog that older servers do not have
                    where p.pubname = 'supabase_realtime' and to_jsonb(p) ->> 'pubgencols' = 's'
                )
            )
    );
end
$$;

comment on function wedsync_realtime.can_send_rows(regclass) is
'Whether a table may have replica identity full while it is published.';
revoke execute on function wedsync_realtime.can_send_rows(regclass)
from public, anon, authenticated, service_role;
