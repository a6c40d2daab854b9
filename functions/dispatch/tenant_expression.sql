-- Write the expression for the tenant of a row's image i.content. Of text in another form than a
-- uuid's nothing is made: the column has got another type, and writers must not fail for that.

create or replace function wedsync_realtime.tenant_expression(tenant_column text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return format(
        'case when i.content ->> %1$L like ''________-____-____-____-%%'' '
        'then (i.content ->> %1$L)::uuid end', tenant_column
    );
end
$$;

comment on function wedsync_realtime.tenant_expression(text) is
'Expression for the tenant of a row''s image.';
revoke execute on function wedsync_realtime.tenant_expression(text)
from public, anon, authenticated, service_role;
