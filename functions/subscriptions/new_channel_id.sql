-- Make a channel id that the user does not have yet: two connections may subscribe in one
-- millisecond.

create or replace function wedsync_realtime.new_channel_id(name text, user_id uuid)
    returns text
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select format(
            '%s-%s-%s', new_channel_id.name, new_channel_id.user_id,
            greatest(
                floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
                max(right(s.channel_id, 13)::bigint) + 1
            )
        )
        from public.realtime_subscriptions as s
        where s.user_id = new_channel_id.user_id and s.channel_name = new_channel_id.name
    );
end
$$;

comment on function wedsync_realtime.new_channel_id(text, uuid) is
'Channel id, <name>-<user id>-<epoch ms>, that the user does not have yet.';
revoke execute on function wedsync_realtime.new_channel_id(text, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.new_channel_id(text, uuid)
to wedsync_realtime_owner;
