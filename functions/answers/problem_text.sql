-- Give the text of a refusal code that has one text; the others are worded where they arise.

create or replace function wedsync_realtime.problem_text(code text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case problem_text.code
        when 'unauthorized' then 'Unauthorized'
        when 'forbidden_channel' then 'Unauthorized channel access'
        when 'subscription_not_found' then 'Subscription not found'
        when 'subscription_expired' then 'Subscription expired'
        when 'rate_limited' then 'Rate limit exceeded'
        when 'connection_limit' then 'Connection limit reached'
    end;
end
$$;

comment on function wedsync_realtime.problem_text(text) is
'Text of a refusal code.';
revoke execute on function wedsync_realtime.problem_text(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.problem_text(text)
to wedsync_realtime_owner;
