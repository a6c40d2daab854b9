-- Record inserted or deleted rows for the hot topics of one channel, the trigger's argument, and
-- wake listeners. One function serves both: each trigger compiles its own copy, with its row type.
-- A writer whose snapshot is older than its statement cannot see new topics, so it records
-- without looking. Nothing here may fail for data: a row without a tenant is nobody's, a row over
-- the size travels as its key. No exception block: a subtransaction per statement slows everybody.

create or replace function wedsync_realtime.dispatch_rows()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
-- what counts how many were woken is never read: @plpgsql_check_options: extra_warnings = off
declare
    v_looks boolean := current_setting('transaction_isolation') like 'read %';
    v_channel record;
    v_woken bigint;
begin
    select
        c.id, c.name, c.tenant_column, c.key_columns, c.columns,
        s.event_bytes, s.notify_enabled
    into v_channel
    from wedsync_realtime.channels as c
    cross join wedsync_realtime.settings as s
    where
        c.id = tg_argv[0]::smallint
        and c.is_enabled
        and (
            not v_looks
            or exists (select from wedsync_realtime.topics as t where t.channel_id = c.id)
        );
    if not found then
        return null;
    end if;

    with recorded as (
        insert into wedsync_realtime.events
            (tenant_id, channel_id, operation, is_cut, event, new, old)
        select
            (r.content ->> v_channel.tenant_column)::uuid, v_channel.id, left(tg_op, 1)::"char",
            r.size > v_channel.event_bytes,
            coalesce(
                (
                    select e.event
                    from wedsync_realtime.event_rules as e
                    where
                        e.channel_id = v_channel.id
                        and e.operation = tg_op
                        and r.content @> case when tg_op = 'INSERT' then e.becomes else e.was end
                    order by e.position
                    limit 1
                ),
                replace(v_channel.name, '-', '_') || '.' || lower(tg_op)
            ),
            case when tg_op = 'INSERT' then r.sent end,
            case when tg_op = 'DELETE' then r.sent end
        from (
            select
                j.content, j.size,
                case
                    when v_channel.columns is null and j.size <= v_channel.event_bytes
                        then j.content
                    else wedsync_realtime.sent_columns(
                        j.content, v_channel.key_columns, v_channel.columns,
                        j.size > v_channel.event_bytes
                    )
                end as sent
            from (
                select c.content, pg_column_size(c.content) as size
                from (select to_jsonb(r) as content from changed_rows as r offset 0) as c
                offset 0
            ) as j
        ) as r
        where case
            when not v_looks then r.content ->> v_channel.tenant_column is not null
            else exists (
                select from wedsync_realtime.topics as t
                where
                    t.channel_id = v_channel.id
                    and t.tenant_id = (r.content ->> v_channel.tenant_column)::uuid
            )
        end
        returning tenant_id
    )
    select count(pg_notify('wedsync_realtime', v_channel.name || ':' || w.tenant_id))
    into v_woken
    from (select distinct r.tenant_id from recorded as r) as w
    where v_channel.notify_enabled;
    return null;
end
$$;

comment on function wedsync_realtime.dispatch_rows() is
'Trigger: record inserted or deleted rows for the hot topics of a channel.';
revoke execute on function wedsync_realtime.dispatch_rows()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.dispatch_rows()
to wedsync_realtime_owner;
