-- Build a problem; shorter to read in the checks than a row of five casts.

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
        to_problem.code, to_problem.error, to_problem.details,
        to_problem.hint, to_problem.retry_after
    )::wedsync_realtime.problem;
end
$$;

comment on function wedsync_realtime.to_problem(text, text, text, text, integer) is
'Problem with a code; without a text it gets the one of problem_text.';
revoke execute on function wedsync_realtime.to_problem(text, text, text, text, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.to_problem(text, text, text, text, integer)
to wedsync_realtime_owner;
