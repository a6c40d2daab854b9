-- Sign the text of a cursor with the secret of this installation.

create or replace function wedsync_realtime.sign_cursor(content text)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_secret text := (select s.cursor_secret from wedsync_realtime.settings as s);
begin
    return left(encode(sha256(convert_to(
        v_secret || encode(sha256(convert_to(v_secret || content, 'UTF8')), 'hex'), 'UTF8'
    )), 'hex'), 24);
end
$$;

comment on function wedsync_realtime.sign_cursor(text) is
'Signature of the text of a cursor.';
revoke execute on function wedsync_realtime.sign_cursor(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.sign_cursor(text)
to wedsync_realtime_owner;
