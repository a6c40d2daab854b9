-- Say whether a table is in the publication supabase_realtime, by itself, its schema or as all are.

create or replace function wedsync_realtime.is_published(relation regclass)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from pg_publication as p
        where
            p.pubname = 'supabase_realtime'
            and (
                p.puballtables
                or exists (
                    select from pg_publication_rel as r
                    where r.prpubid = p.oid and r.prrelid = relation
                )
                or exists (
                    select
                    from pg_publication_namespace as n
                    inner join pg_class as c on c.relnamespace = n.pnnspid
                    where n.pnpubid = p.oid and c.oid = relation
                )
            )
    );
end
$$;

comment on function wedsync_realtime.is_published(regclass) is
'Whether a table is in the publication supabase_realtime.';
revoke execute on function wedsync_realtime.is_published(regclass)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.is_published(regclass)
to wedsync_realtime_owner;
