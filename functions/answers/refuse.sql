-- Turn a problem into the answer of a refused call, and put the refusal on record. A refusal
-- that repeats within the minute is counted in one row, so that a flood can't fill the log: the
-- row's key is made of user, action, code and minute; without a user of the connection, because
-- everybody without one would wait for what one leaves open.

create or replace function wedsync_realtime.refuse(
    user_id uuid,
    action  text,
    problem wedsync_realtime.problem,
    request jsonb default '{}'
)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_status integer := case
        when problem.code = 'unauthorized' then 401
        when problem.code = 'forbidden_channel' then 403
        when problem.code = 'subscription_not_found' then 404
        when problem.code = 'subscription_expired' then 410
        when problem.code in ('rate_limited', 'connection_limit') then 429
        when problem.code in ('unknown_channel', 'filter_required', 'invalid_request') then 400
    end;
    v_minute timestamptz := date_trunc('minute', clock_timestamp());
begin
    perform set_config('response.status', v_status::text, true);
    if problem.retry_after is not null then
        perform set_config(
            'response.headers',
            format('[{"Retry-After": "%s"}]', problem.retry_after), true
        );
    end if;

    if current_setting('transaction_read_only') = 'off' then
        insert into public.realtime_activity_logs as l
            (id, user_id, event_type, payload, "timestamp")
        values (
            md5(concat_ws(
                '/', coalesce(refuse.user_id::text, pg_backend_pid()::text),
                refuse.action, problem.code, extract(epoch from v_minute)
            ))::uuid,
            refuse.user_id, 'refused',
            jsonb_build_object(
                'action', refuse.action, 'code', problem.code, 'status', v_status,
                'error', left(problem.error, 200), 'count', 1
            ) || request,
            v_minute
        )
        on conflict on constraint realtime_activity_logs_pkey do update
        set payload = jsonb_set(
            l.payload, '{count}', to_jsonb((l.payload ->> 'count')::bigint + 1)
        );
    end if;

    return jsonb_build_object(
        'success', false,
        'error', problem.error,
        'code', problem.code,
        'status', v_status,
        'details', problem.details,
        'hint', problem.hint,
        'retryAfter', problem.retry_after
    );
end
$$;

comment on function wedsync_realtime.refuse(uuid, text, wedsync_realtime.problem, jsonb) is
'Answer of a refused call; sets response.status, and writes the refusal into the audit.';
revoke execute on function wedsync_realtime.refuse(uuid, text, wedsync_realtime.problem, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.refuse(uuid, text, wedsync_realtime.problem, jsonb)
to wedsync_realtime_owner;
