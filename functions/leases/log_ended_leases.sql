-- Put every ended lease on record, however it ended, tell relays in order with the events, wake
-- those that sleep, and take it off its tenant's counter. The event stands in
-- wedsync_realtime.ending while the system ends leases, signed as end_leases() does; without it the
-- row went with its user, whose profile is then gone too, or was deleted by hand. The counters are
-- locked in one order, so that two deletes never wait for each other. The record says from which
-- snapshot to which the lease was live, from which message_count() tells what came for it.

create or replace function wedsync_realtime.log_ended_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_signed constant text := current_setting('wedsync_realtime.ending', true);
    v_ending text := nullif(substr(v_signed, 26), '');
    v_until pg_snapshot := wedsync_realtime.current_snapshot();
begin
    if left(v_signed, 24) is distinct from (
        select wedsync_realtime.sign_cursor(
            format('ending %s %s', pg_current_xact_id(), v_ending), x.cursor_secret
        )
        from wedsync_realtime.settings as x
    ) then
        v_ending := null;
    end if;
    insert into public.realtime_activity_logs (user_id, channel_id, event_type, payload)
    select
        case when not e.is_user_gone then o.user_id end,
        o.channel_id,
        split_part(e.ending, '/', 1),
        jsonb_build_object(
            'channel', o.channel_name, 'connectionId', o.connection_id,
            'reason', substring(e.ending from '/(.*)'),  -- of a role's name all
            'topic', o.channel_name || ':' || t.tenant_id,
            'since', o.since, 'until', v_until, 'expiresAt', o.last_ping_at + x.stale_after
        )
    from old_rows as o
    cross join wedsync_realtime.settings as x
    left join wedsync_realtime.topics as t on t.id = o.topic_id
    left join public.user_profiles as p on v_ending is null and p.id = o.user_id
    cross join lateral (
        select
            v_ending is null and p.id is null as is_user_gone,
            case
                when v_ending is not null then v_ending
                when p.id is null then 'revoked/user deleted'
                else 'deleted/by ' || session_user
            end as ending
    ) as e;
    perform wedsync_realtime.tell_endings(
        array_agg(o.topic_id), array_agg(o.channel_id), array_agg(o.user_id),
        array_agg(o.connection_id), array_agg(o.filter_id),
        replace(coalesce(v_ending, 'deleted'), '/', ': '), v_until
    )
    from old_rows as o;
    perform wedsync_realtime.ring_bell(t.channel_id, array_agg(t.tenant_id))
    from wedsync_realtime.topics as t
    where t.id in (select o.topic_id from old_rows as o)
    group by t.channel_id;
    perform 1
    from wedsync_realtime.tenants as t
    where t.tenant_id in (select o.tenant_id from old_rows as o)
    order by t.tenant_id
    for update;
    update wedsync_realtime.tenants as t
    set subscriptions = t.subscriptions - g.ended
    from (select o.tenant_id, count(*) as ended from old_rows as o group by o.tenant_id) as g
    where t.tenant_id = g.tenant_id;
    -- last, because who subscribes asks for filters with the tenant locked; where a subscribe ends
    -- what has expired it will wait for others: cleanup drops those
    perform wedsync_realtime.drop_filters(array_agg(o.topic_id), array_agg(o.filter_id))
    from (
        select distinct g.topic_id, g.filter_id from old_rows as g where g.filter_id is not null
    ) as o
    having count(*) > 0 and (v_ending like 'expired/%') is not true;
    return null;
end
$$;

comment on function wedsync_realtime.log_ended_leases() is
'Trigger: audit ended subscriptions and count them off their tenants.';
revoke execute on function wedsync_realtime.log_ended_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.log_ended_leases()
to wedsync_realtime_owner;
