-- Name all subjects of a topic: its own, and those of its filters.

create or replace function wedsync_realtime.topic_subjects(topic_id bigint)
    returns text[]
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select array_agg(
            wedsync_realtime.subject(c.name, t.tenant_id, f.filter_id)
            order by f.filter_id nulls first
        )
        from wedsync_realtime.topics as t
        inner join wedsync_realtime.channels as c on c.id = t.channel_id
        cross join lateral (
            select null as filter_id
            union all
            select l.filter_id from wedsync_realtime.filters as l where l.topic_id = t.id
        ) as f
        where t.id = topic_subjects.topic_id
    );
end
$$;

comment on function wedsync_realtime.topic_subjects(bigint) is
'Subjects on which a topic is published; null when it went cold.';
revoke execute on function wedsync_realtime.topic_subjects(bigint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.topic_subjects(bigint)
to wedsync_realtime_owner;
