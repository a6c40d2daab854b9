-- Take one call from a user's rate (GCRA): a burst at once, then one call an interval.
-- The row lock it leaves also keeps one user's calls in turn, which the limits rely on, new leases
-- and their ids.
-- A time beyond the possible, left by a clock set back, is brought back to the latest possible.
-- Refuses: rate_limited; a refused call costs nothing.

create or replace function wedsync_realtime.take_rate(
    user_id  uuid,
    action   text,
    settings wedsync_realtime.settings,
    at       timestamptz default clock_timestamp()
)
    returns wedsync_realtime.problem
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_interval interval := interval '1 minute' / settings.subscribe_per_minute;
    v_window interval := v_interval * settings.subscribe_burst;
    v_full_at timestamptz;
begin
    insert into wedsync_realtime.rate_limits as r (user_id, action, full_at)
    values (take_rate.user_id, take_rate.action, at + v_interval)
    on conflict on constraint rate_limits_pkey do update
    set full_at = greatest(least(r.full_at, at + v_window), at) + v_interval
    where greatest(least(r.full_at, at + v_window), at) + v_interval <= at + v_window;
    if found then
        return null;
    end if;

    update wedsync_realtime.rate_limits as r
    set full_at = least(r.full_at, at + v_window)
    where r.user_id = take_rate.user_id and r.action = take_rate.action
    returning r.full_at into v_full_at;
    return wedsync_realtime.to_problem(
        'rate_limited',
        retry_after => greatest(
            1, ceil(extract(epoch from v_full_at + v_interval - v_window - at))::integer
        ),
        hint => 'Wait retryAfter seconds.'
    );
end
$$;

comment on function wedsync_realtime.take_rate(
    uuid, text, wedsync_realtime.settings, timestamptz
) is
'Take one call from a user''s rate: a problem when there is none left.';
revoke execute on function wedsync_realtime.take_rate(
    uuid, text, wedsync_realtime.settings, timestamptz
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.take_rate(
    uuid, text, wedsync_realtime.settings, timestamptz
)
to wedsync_realtime_owner;
