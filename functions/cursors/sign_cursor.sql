-- Sign the text of a cursor with the secret of this installation.

create or replace function wedsync_realtime.sign_cursor(content text, secret text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return left(encode(sha256(convert_to(
        secret || encode(sha256(convert_to(secret || content, 'UTF8')), 'hex'), 'UTF8'
    )), 'hex'), 24);
end
$$;

comment on function wedsync_realtime.sign_cursor(text, text) is
'Signature of the text of a cursor.';
revoke execute on function wedsync_realtime.sign_cursor(text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.sign_cursor(text, text)
to wedsync_realtime_owner;
