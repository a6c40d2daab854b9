-- Note how a channel's table was found, so that detaching can leave it so. A second channel on
-- the table takes over what the first one noted.

create or replace function wedsync_realtime.note_found(channel_id smallint, relation regclass)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    update wedsync_realtime.channels as c
    set found_identity = n.identity, found_published = n.is_published
    from (
        select o.found_identity as identity, o.found_published as is_published, 1 as place
        from wedsync_realtime.channels as o
        where o.found_published is not null and wedsync_realtime.channel_table(o) = relation
        union all
        select
            case r.relreplident
                when 'd' then 'default'
                when 'n' then 'nothing'
                when 'f' then 'full'
                else (
                    select format('using index %I', x.relname)
                    from pg_index as i
                    inner join pg_class as x on x.oid = i.indexrelid
                    where i.indrelid = relation and i.indisreplident
                )
            end,
            wedsync_realtime.is_published(relation),
            2
        from pg_class as r
        where r.oid = relation
        order by place
        limit 1
    ) as n
    where c.id = channel_id;
end
$$;

comment on function wedsync_realtime.note_found(smallint, regclass) is
'Note the replica identity and publication that a channel finds its table with.';
revoke execute on function wedsync_realtime.note_found(smallint, regclass)
from public, anon, authenticated, service_role;
