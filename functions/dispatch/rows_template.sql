-- Give the template for INSERT and DELETE: what dispatch does with new or deleted rows. A writer
-- whose snapshot is older than its statement cannot see new topics, so it records without
-- looking. The limit has topics looked up by key, whatever number of rows a kept plan was made
-- for. By the events that are marked as first a relay finds the others: every event is, because
-- looking for the first of each run of one tenant takes longer than the index entries of a few. In
-- a transaction that has changed many rows of the table it is the other way round, and topics are
-- read once.
-- Nothing in it may fail for data: a row without a tenant is nobody's, nor is one whose tenant is
-- no uuid since the column was given another type, a row over the size travels as its key, a
-- column that is gone reads as null.

create or replace function wedsync_realtime.rows_template(operation text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    c_record constant text := $template${record}
    insert into wedsync_realtime.events
        (tenant_id, channel_id, operation, is_cut, event, {image}, is_first)
    select
        c.tenant_id, {id}, {code}, c.size > {bytes},
        {event},
            case when c.size <= {bytes} then {content} else {cut} end,
        %1$s
    from (
        select
            i.content, {tenant} as tenant_id,
            {size} as size
        from (select {row} as content from changed_rows as r offset 0) as i
        offset 0
    ) as c
    where case
        when c.tenant_id is null then false
        when not v_looks then true%2$s
        else (
            select true from wedsync_realtime.topics as t
            where t.channel_id = {id} and t.tenant_id = c.tenant_id
            limit 1
        )
    end{recorded}$template$;
begin
    return format(
        $template$
    v_looks := current_setting('transaction_isolation') like 'read %%';
    if pg_stat_get_xact_tuples_%s(tg_relid) > 1000 then%s
    else%s
    end if;$template$,
        case operation when 'INSERT' then 'inserted' else 'deleted' end,
        format(c_record, 'lag(c.tenant_id) over () is distinct from c.tenant_id', $template$
        when c.tenant_id in (
            select t.tenant_id from wedsync_realtime.topics as t
            where t.channel_id = {id}
            limit 1000
        ) then true$template$),
        format(c_record, 'true', '')
    );
end
$$;

comment on function wedsync_realtime.rows_template(text) is
'Template of the trigger functions for INSERT and DELETE.';
revoke execute on function wedsync_realtime.rows_template(text)
from public, anon, authenticated, service_role;
