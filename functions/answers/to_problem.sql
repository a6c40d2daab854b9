-- Build a problem. A code that has one text gets it here, and its hint; the others are worded where
-- they arise.

create or replace function wedsync_realtime.to_problem(
    code        text,
    error       text default null,
    details     text default null,
    hint        text default null,
    retry_after integer default null
)
    returns wedsync_realtime.problem
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return row(
        to_problem.code,
        coalesce(to_problem.error, case to_problem.code
            when 'unauthorized' then 'Unauthorized'
            when 'forbidden_channel' then 'Unauthorized channel access'
            when 'subscription_not_found' then 'Subscription not found'
            when 'subscription_expired' then 'Subscription expired'
            when 'rate_limited' then 'Rate limit exceeded'
            when 'connection_limit' then 'Connection limit reached'
        end),
        to_problem.details,
        coalesce(to_problem.hint, case to_problem.code
            when 'unauthorized' then 'The request carries no valid user: sub must be a uuid.'
        end),
        to_problem.retry_after
    )::wedsync_realtime.problem;
end
$$;

comment on function wedsync_realtime.to_problem(text, text, text, text, integer) is
'Problem with a code; without a text it gets the one that belongs to the code.';
revoke execute on function wedsync_realtime.to_problem(text, text, text, text, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.to_problem(text, text, text, text, integer)
to wedsync_realtime_owner;
