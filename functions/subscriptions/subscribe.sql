-- Open or renew the caller's leases: identity, parameters, rate, access, limits, lease, audit.
-- Definer: clients hold no INSERT on public.realtime_subscriptions.
-- Its statements, and those of the steps it calls, look things up by key: planning them anew for
-- each call's values would take longer than running them; and a plan from when a table was small
-- would read all of it, however much it has grown. Such a plan is taken to read much, so jit would
-- compile it in every call.
-- The channels are gone through by name, which is the order that all calls take what they lock in.
-- One channel and its tenant's id are usual, and need not be checked one by one.
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
    set enable_seqscan = off
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
    v_filters jsonb := coalesce(filters, '{}');
    v_connection uuid := coalesce(connection_id, '00000000-0000-0000-0000-000000000000');
    v_call record;
    v_known wedsync_realtime.channels[];
    v_id text;
    v_access record;
    v_lease record;
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
        select s as settings, s.channels_per_call,
            (select k.epoch from wedsync_realtime.known_server as k) as epoch
        into v_call from wedsync_realtime.settings as s;
        v_known := array(
            select c from wedsync_realtime.channels as c
            where c.name = any (subscribe.channels) and c.is_enabled order by c.name
        );
        v_id := v_filters ->> v_known[1].filter_key;
        if (
            channels = array[v_known[1].name]
            and v_id is not null and v_filters - v_known[1].filter_key = '{}'
            and v_id like '________-____-____-____-____________'
            and length(replace(v_id, '-', '')) = 32
            and ltrim(v_id, '0123456789abcdefABCDEF-') = ''
        ) is not true then
            v_problem := coalesce(
                wedsync_realtime.check_channels(channels, v_known, v_call.channels_per_call),
                wedsync_realtime.check_filters(v_known, v_filters)
            );
        end if;
    end if;
    if v_problem.code is null then
        v_problem := wedsync_realtime.take_rate(v_user, 'subscribe', v_call.settings);
    end if;
    if v_problem.code is null then
        v_access := wedsync_realtime.check_access(v_user, v_known, v_filters);
        v_problem := v_access.problem;
    end if;
    if v_problem.code is null and cardinality(channels) > 1 then
        v_problem := wedsync_realtime.check_limits(
            v_user, v_access.user_tenant, channels, v_connection, v_call.settings
        );
    end if;
    for v_place in 1..coalesce(cardinality(v_known), 0) loop
        exit when v_problem.code is not null;
        v_lease := wedsync_realtime.open_lease(
            v_user, v_access.user_tenant, channels, v_known[v_place], v_access.tenants[v_place],
            v_filters, v_connection, v_call.epoch, v_call.settings
        );
        v_opened[array_position(channels, v_known[v_place].name)] := v_lease.opened;
        v_problem := v_lease.problem;
    end loop;
    if v_problem.code is not null then
        return wedsync_realtime.refuse(
            v_user, 'subscribe', v_problem,
            jsonb_build_object('channels', left(array_to_string(channels, ','), 200))
        );
    end if;
    return jsonb_build_object(
        'success', true, 'connectionId', v_connection,
        'pingInterval', floor(extract(epoch from (v_call.settings).ping_interval) * 1000),
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
