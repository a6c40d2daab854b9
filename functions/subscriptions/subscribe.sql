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
    v_access record;
    v_settings wedsync_realtime.settings;
    v_epoch text;
    v_channel wedsync_realtime.channels;
    v_opened jsonb[];
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
        v_problem := wedsync_realtime.check_limits(
            v_user, v_access.user_tenant, channels, v_connection
        );
    end if;
    if v_problem.code is not null then
        return wedsync_realtime.refuse(
            v_user, 'subscribe', v_problem,
            jsonb_build_object('channels', left(array_to_string(channels, ','), 200))
        );
    end if;

    select s.* into v_settings from wedsync_realtime.settings as s;
    select k.epoch into v_epoch from wedsync_realtime.known_server as k;
    if v_epoch is null then
        v_epoch := wedsync_realtime.epoch();
    end if;
    -- in one order for all calls, so that none waits in a circle for topics that others make
    for v_channel in
        select c.* from wedsync_realtime.channels as c where c.name = any (channels) order by c.id
    loop
        v_opened[array_position(channels, v_channel.name)] := wedsync_realtime.open_lease(
            v_user, v_access.user_tenant, v_channel,
            (v_access.tenants ->> v_channel.name)::uuid, v_filters, v_connection, v_epoch,
            v_settings
        );
    end loop;
    return jsonb_build_object(
        'success', true,
        'connectionId', v_connection,
        'pingInterval', floor(extract(epoch from v_settings.ping_interval) * 1000),
        'subscriptions', v_opened
    );
end
$$;

comment on function wedsync_realtime.subscribe(text[], jsonb, uuid) is
'Open or renew the caller''s subscriptions; the body of realtime_subscribe.';
revoke execute on function wedsync_realtime.subscribe(text[], jsonb, uuid)
from public, anon;
grant execute on function wedsync_realtime.subscribe(text[], jsonb, uuid)
to authenticated, service_role;
