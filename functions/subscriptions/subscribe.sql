-- Open or renew the caller's leases: identity, parameters, rate, access, limits, lease, audit.
-- Definer: clients hold no INSERT on public.realtime_subscriptions.
-- Its statements, and those of the steps it calls, look things up by key: planning them anew for
-- each call's values would take longer than running them. Such a plan is taken to read much, so jit
-- would compile it in every call.
-- Refuses: unauthorized, invalid_request, unknown_channel, filter_required, rate_limited,
-- forbidden_channel, connection_limit.

create or replace function wedsync_realtime.subscribe(
    channels      text[],
    filters       jsonb,
    connection_id uuid
)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set plan_cache_mode = force_generic_plan
    set jit = off
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
    v_filters jsonb := coalesce(filters, '{}');
    v_connection uuid := coalesce(connection_id, '00000000-0000-0000-0000-000000000000');
    v_epoch text;
    v_tenant uuid;
    v_access record;
    v_problem wedsync_realtime.problem;
begin
    if v_user is null then
        v_problem := wedsync_realtime.to_problem('unauthorized');
    elsif current_setting('transaction_isolation') not like 'read %' then
        v_problem := wedsync_realtime.to_problem(
            'invalid_request', 'subscribe needs isolation level READ COMMITTED',
            'An older snapshot may show a right that is gone.'
        );
    end if;
    if v_problem.code is null then
        v_problem := wedsync_realtime.check_channels(channels);
    end if;
    if v_problem.code is null then
        v_problem := wedsync_realtime.check_filters(channels, v_filters);
    end if;
    if v_problem.code is null then
        v_problem := wedsync_realtime.take_rate(v_user, 'subscribe');
    end if;
    if v_problem.code is null then
        v_access := wedsync_realtime.check_access(v_user, channels, v_filters);
        v_problem := v_access.problem;
    end if;
    if v_problem.code is null then
        v_tenant := wedsync_realtime.user_tenant(v_user);
        v_problem := wedsync_realtime.check_limits(v_user, v_tenant, channels, v_connection);
    end if;
    if v_problem.code is not null then
        return wedsync_realtime.refuse(
            v_user, 'subscribe', v_problem,
            jsonb_build_object('channels', left(array_to_string(channels, ','), 200))
        );
    end if;

    v_epoch := wedsync_realtime.epoch();
    return (
        select jsonb_build_object(
            'success', true,
            'connectionId', v_connection,
            'pingInterval', floor(extract(epoch from s.ping_interval) * 1000),
            'subscriptions', jsonb_agg(
                wedsync_realtime.open_lease(
                    v_user, v_tenant, c, (v_access.tenants ->> c.name)::uuid, v_filters,
                    v_connection, v_epoch, s
                )
                order by array_position(subscribe.channels, c.name)
            )
        )
        from wedsync_realtime.settings as s
        inner join wedsync_realtime.channels as c on c.name = any (subscribe.channels)
        group by s.id
    );
end
$$;

comment on function wedsync_realtime.subscribe(text[], jsonb, uuid) is
'Open or renew the caller''s subscriptions; the body of realtime_subscribe.';
revoke execute on function wedsync_realtime.subscribe(text[], jsonb, uuid)
from public, anon;
grant execute on function wedsync_realtime.subscribe(text[], jsonb, uuid)
to authenticated, service_role;
