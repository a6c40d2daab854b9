-- Say who is calling, by the settings that auth.uid() reads; never raises.
-- The exception block is the price of that: claims may be any text, and a cast is the only parser.

create or replace function wedsync_realtime.caller_id()
    returns uuid
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    )::uuid;
exception
    when data_exception or program_limit_exceeded then
        return null;
end
$$;

comment on function wedsync_realtime.caller_id() is
'User of the request by its JWT claims, null for nobody and for malformed claims.';
revoke execute on function wedsync_realtime.caller_id() from public, anon;
grant execute on function wedsync_realtime.caller_id()
to authenticated, service_role, wedsync_realtime_owner;
