-- Put the body of a trigger function into a block that catches every error, so that the write
-- survives it.

create or replace function wedsync_realtime.guarded_template(body text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return E'\nbegin' || body || $template$;
exception
    when others then
        perform wedsync_realtime.survive_failure({id}::smallint, sqlstate, sqlerrm);
        return null;
end
$template$;
end
$$;

comment on function wedsync_realtime.guarded_template(text) is
'Body of a trigger function whose errors the write survives.';
revoke execute on function wedsync_realtime.guarded_template(text)
from public, anon, authenticated, service_role;
