-- End every lease that the decision no longer admits: all, or those of one channel. The table
-- lock waits for subscribes that have decided already and makes new ones decide afterwards.
-- It waits two seconds at most, because pings queue behind it.

create or replace function wedsync_realtime.recheck_leases(
    reason     text,
    channel_id smallint default null
)
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
as $$
begin
    if current_setting('transaction_isolation') not like 'read %' then
        raise exception 'leases cannot be revoked from an older snapshot'
            using errcode = 'serialization_failure', hint = 'Do it in READ COMMITTED.';
    end if;
    lock table public.realtime_subscriptions in exclusive mode;
    return wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            inner join wedsync_realtime.topics as t on t.id = s.topic_id
            where
                (recheck_leases.channel_id is null or t.channel_id = recheck_leases.channel_id)
                and wedsync_realtime.may_hear(s.user_id, t.channel_id, t.tenant_id) is not true
        ),
        'revoked', reason
    );
end
$$;

comment on function wedsync_realtime.recheck_leases(text, smallint) is
'End the subscriptions that are no longer authorised; returns how many.';
revoke execute on function wedsync_realtime.recheck_leases(text, smallint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.recheck_leases(text, smallint)
to wedsync_realtime_owner;
