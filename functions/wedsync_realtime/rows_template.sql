-- Give the template for INSERT and DELETE: what dispatch does with new or deleted rows. A writer
-- whose snapshot is older than its statement cannot see new topics, so it records without
-- looking. Nothing in it may fail for data: a row without a tenant is nobody's, a row over the
-- size travels as its key, a column that is gone reads as null.

create or replace function wedsync_realtime.rows_template()
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
return $template$
declare
    v_looks constant boolean := current_setting('transaction_isolation') like 'read %';
    v_woken bigint;
    v_places tid[];
    v_since timestamptz;
begin
    if v_looks and not exists (
        select from wedsync_realtime.topics as t where t.channel_id = {id}
    ) then
        return null;
    end if;
    with recorded as (
        insert into wedsync_realtime.events
            (tenant_id, channel_id, operation, is_cut, event, {image})
        select
            (c.content ->> {tenant})::uuid, {id}, {code}, pg_column_size(c.content) > {bytes},
            {event},{sent}
        from (select to_jsonb(r.*) as content from changed_rows as r offset 0) as c
        where case
            when v_looks then exists (
                select from wedsync_realtime.topics as t
                where t.channel_id = {id} and t.tenant_id = (c.content ->> {tenant})::uuid
            )
            else c.content ->> {tenant} is not null
        end
        returning {recorded}
    )
$template$;

comment on function wedsync_realtime.rows_template() is
'Template of the trigger functions for INSERT and DELETE.';
revoke execute on function wedsync_realtime.rows_template()
from public, anon, authenticated, service_role;
