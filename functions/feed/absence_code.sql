-- Say why a caller has no such lease: by the audit it expired, was revoked, or is none of the
-- caller's.

create or replace function wedsync_realtime.absence_code(user_id uuid, channel text)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (
            select case l.event_type
                when 'expired' then 'subscription_expired'
                when 'revoked' then 'forbidden_channel'
            end
            from public.realtime_activity_logs as l
            where
                l.user_id = absence_code.user_id
                and l.channel_id = absence_code.channel
                and l."timestamp" > now() - interval '1 day'
            order by l."timestamp" desc
            limit 1
        ),
        'subscription_not_found'
    );
end
$$;

comment on function wedsync_realtime.absence_code(uuid, text) is
'Why a caller has no such subscription: a refusal code.';
revoke execute on function wedsync_realtime.absence_code(uuid, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.absence_code(uuid, text)
to wedsync_realtime_owner;
