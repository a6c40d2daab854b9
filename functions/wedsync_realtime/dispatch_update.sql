-- Record updated rows for the hot topics of one channel (the trigger's argument), and wake
-- listeners. Old and new are paired by key. A row that changed its key or its tenant is a DELETE
-- and an INSERT, each for the tenant it concerns, so that neither learns anything of the other.
-- A row that is as before is not recorded.

create or replace function wedsync_realtime.dispatch_update()
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
    v_key text;
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
    if cardinality(v_channel.key_columns) = 1 then
        v_key := v_channel.key_columns[1];
    end if;

    with recorded as (
        insert into wedsync_realtime.events
            (tenant_id, channel_id, operation, is_cut, event, new, old, changed)
        select
            c.tenant_id, v_channel.id, left(c.operation, 1)::"char", s.is_cut,
            coalesce(
                (
                    select e.event
                    from wedsync_realtime.event_rules as e
                    where
                        e.channel_id = v_channel.id
                        and e.operation = c.operation
                        and (e.changed is null or e.changed = any (d.changed))
                        and coalesce(c.new, '{}') @> e.becomes
                        and coalesce(c.old, '{}') @> e.was
                    order by e.position
                    limit 1
                ),
                replace(v_channel.name, '-', '_') || '.' || lower(c.operation)
            ),
            case
                when v_channel.columns is null and not s.is_cut then c.new
                else wedsync_realtime.sent_columns(
                    c.new, v_channel.key_columns, v_channel.columns, s.is_cut
                )
            end,
            case
                when v_channel.columns is null and not s.is_cut then c.old
                else wedsync_realtime.sent_columns(
                    c.old, v_channel.key_columns, v_channel.columns, s.is_cut
                )
            end,
            d.changed
        from (
            select
                j.content as old,
                (j.content ->> v_channel.tenant_column)::uuid as tenant_id,
                case
                    when v_key is not null then j.content -> v_key
                    else wedsync_realtime.row_key(v_channel.key_columns, j.content)
                end as key
            from old_rows as r
            cross join lateral (select to_jsonb(r) as content offset 0) as j
        ) as o
        full join (
            select
                j.content as new,
                (j.content ->> v_channel.tenant_column)::uuid as tenant_id,
                case
                    when v_key is not null then j.content -> v_key
                    else wedsync_realtime.row_key(v_channel.key_columns, j.content)
                end as key
            from new_rows as r
            cross join lateral (select to_jsonb(r) as content offset 0) as j
        ) as n on n.key = o.key
        cross join lateral (
            select 'UPDATE' as operation, n.tenant_id, n.new, o.old
            where o.tenant_id = n.tenant_id and o.old <> n.new
            union all
            select 'DELETE', o.tenant_id, null, o.old
            where o.tenant_id is distinct from n.tenant_id
            union all
            select 'INSERT', n.tenant_id, n.new, null
            where o.tenant_id is distinct from n.tenant_id
        ) as c
        cross join lateral (
            select case
                when c.operation = 'UPDATE'
                    then wedsync_realtime.changed_columns(v_channel.columns, c.new, c.old)
            end as changed
        ) as d
        cross join lateral (
            select coalesce(pg_column_size(c.new), 0) + coalesce(pg_column_size(c.old), 0)
                > v_channel.event_bytes as is_cut
        ) as s
        where
            case
                when not v_looks then c.tenant_id is not null
                else exists (
                    select from wedsync_realtime.topics as t
                    where t.channel_id = v_channel.id and t.tenant_id = c.tenant_id
                )
            end
            and (d.changed is null or cardinality(d.changed) > 0)
        -- a row may take the key that another one leaves: deletes first
        order by c.operation
        returning tenant_id
    )
    select count(pg_notify('wedsync_realtime', v_channel.name || ':' || w.tenant_id))
    into v_woken
    from (select distinct r.tenant_id from recorded as r) as w
    where v_channel.notify_enabled;
    return null;
end
$$;

comment on function wedsync_realtime.dispatch_update() is
'Trigger: record updated rows for the hot topics of a channel.';
revoke execute on function wedsync_realtime.dispatch_update()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.dispatch_update()
to wedsync_realtime_owner;
