-- Give the HTTP status of a refusal code; the whole list of codes is here and in problem_text.

create or replace function wedsync_realtime.problem_status(code text)
    returns integer
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case problem_status.code
        when 'unauthorized' then 401
        when 'forbidden_channel' then 403
        when 'unknown_channel' then 400
        when 'filter_required' then 400
        when 'invalid_request' then 400
        when 'subscription_not_found' then 404
        when 'subscription_expired' then 410
        when 'rate_limited' then 429
        when 'connection_limit' then 429
    end;
end
$$;

comment on function wedsync_realtime.problem_status(text) is
'HTTP status of a refusal code.';
revoke execute on function wedsync_realtime.problem_status(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.problem_status(text)
to wedsync_realtime_owner;
