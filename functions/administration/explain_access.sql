-- Tell step by step what would become of a user's subscribe call, in words, by running the
-- checks of the real one. All of it is undone at the end of the inner block, so nothing changes
-- and no lock stays.

create or replace function wedsync_realtime.explain_access(
    user_id uuid,
    channel text,
    filters jsonb default '{}'
)
    returns table (step integer, topic text, outcome text, explanation text)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_words text[] := array[]::text[];
    v_call record;
    v_problem wedsync_realtime.problem;
    v_failed boolean := false;
begin
    select
        s as settings, s.channels_per_call,
        array(
            select c from wedsync_realtime.channels as c
            where c.name = explain_access.channel and c.is_enabled
        ) as known
    into v_call
    from wedsync_realtime.settings as s;
    begin
        for v_step in 1..6 loop
            if v_failed then
                v_words := v_words || array['not reached', ''];
                continue;
            end if;
            v_problem := case v_step
                when 1 then case when explain_access.user_id is null
                    then wedsync_realtime.to_problem('unauthorized')
                end
                when 2 then wedsync_realtime.check_channels(
                    array[explain_access.channel], v_call.known, v_call.channels_per_call
                )
                when 3 then wedsync_realtime.check_filters(v_call.known, filters)
                when 4 then wedsync_realtime.take_rate(
                    explain_access.user_id, 'subscribe', v_call.settings
                )
                when 5 then (wedsync_realtime.check_access(
                    explain_access.user_id, v_call.known, filters
                )).problem
                else wedsync_realtime.check_limits(
                    explain_access.user_id,
                    (wedsync_realtime.check_access(
                        explain_access.user_id, v_call.known, filters
                    )).user_tenant,
                    array[explain_access.channel], gen_random_uuid(), v_call.settings
                )
            end;
            v_failed := v_problem.code is not null;
            v_words := v_words || array[
                case when v_failed then 'refused' else 'passed' end,
                wedsync_realtime.explain_step(
                    v_step, explain_access.user_id, explain_access.channel, filters, v_problem
                )
            ];
        end loop;
        raise exception using errcode = 'WR001';
    exception
        when sqlstate 'WR001' then null;
    end;
    return query
    select
        s, (array['identity', 'channel', 'filters', 'rate', 'access', 'limits'])[s],
        v_words[2 * s - 1], v_words[2 * s]
    from generate_series(1, 6) as s;
end
$$;

comment on function wedsync_realtime.explain_access(uuid, text, jsonb) is
'What would become of a user''s subscribe call, step by step, in words; changes nothing.';
revoke execute on function wedsync_realtime.explain_access(uuid, text, jsonb)
from public, anon, authenticated;
grant execute on function wedsync_realtime.explain_access(uuid, text, jsonb)
to service_role, wedsync_realtime_monitor;
