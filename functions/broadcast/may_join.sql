-- Say whether the caller holds a live lease on a topic: what the policy on realtime.messages
-- asks when Supabase lets somebody join a private channel. The topic is compared, never parsed,
-- because an error there would refuse the application's own channels.
-- Definer: leases of the caller alone are looked at, with the tables that decide about them.

create or replace function wedsync_realtime.may_join(topic text)
    returns boolean
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
begin
    return exists (
        select
        from public.realtime_subscriptions as s
        inner join wedsync_realtime.topics as t on t.id = s.topic_id
        cross join wedsync_realtime.settings as x
        where
            s.user_id = v_user
            and s.channel_name || ':' || t.tenant_id = may_join.topic
            and s.last_ping_at > clock_timestamp() - x.stale_after
            and wedsync_realtime.may_hear(v_user, t.channel_id, t.tenant_id)
    );
end
$$;

comment on function wedsync_realtime.may_join(text) is
'Whether the caller holds a live lease on a topic, <channel>:<tenant>.';
revoke execute on function wedsync_realtime.may_join(text)
from public, anon, service_role;
grant execute on function wedsync_realtime.may_join(text)
to authenticated;
