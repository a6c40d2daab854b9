-- Give the template for INSERT and DELETE: what dispatch does with new or deleted rows. A writer
-- whose snapshot is older than its statement cannot see new topics, so it records without
-- looking. The limit has topics looked up by key, whatever number of rows a kept plan was made
-- for; {known} is for many rows. By the events that are marked as {first} a relay finds the others.
-- Nothing in it may fail for data: a row without a tenant is nobody's, nor is one whose tenant is
-- no uuid since the column was given another type, a row over the size travels as its key, a
-- column that is gone reads as null.

create or replace function wedsync_realtime.rows_template()
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
return $template$
    insert into wedsync_realtime.events
        (tenant_id, channel_id, operation, is_cut, event, {image}, is_first)
    select
        c.tenant_id, {id}, {code}, c.size > {bytes},
        {event},{sent},
        {first}
    from (
        select
            i.content, {tenant} as tenant_id,
            case
                when pg_column_size(i.content) > 2048 then wedsync_realtime.row_size(i.content)
                when {length} > 8 * pg_column_size(i.content) then 1000000000
                else pg_column_size(i.content)
            end as size
        from (select {row} as content from changed_rows as r offset 0) as i
        offset 0
    ) as c
    where case
        when c.tenant_id is null then false
        when not v_looks then true{known}
        else (
            select true from wedsync_realtime.topics as t
            where t.channel_id = {id} and t.tenant_id = c.tenant_id
            limit 1
        )
    end$template$;

comment on function wedsync_realtime.rows_template() is
'Template of the trigger functions for INSERT and DELETE.';
revoke execute on function wedsync_realtime.rows_template()
from public, anon, authenticated, service_role;
