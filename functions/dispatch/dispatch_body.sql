-- Write the body of a trigger function of a channel: nothing is done while the channel's gate is
-- closed. Somebody who sleeps is woken where the gate's value is even, as hang_bell() says.
-- A writer whose snapshot is older than its statement cannot see new topics, so it records without
-- looking. The limit has topics looked up by key, whatever number of rows a kept plan was made
-- for. By the events that are marked as first a relay finds the others: every event is, because
-- looking for the first of each run of one tenant takes longer than the index entries of a few. In
-- a transaction that has changed many rows of the table it is the other way round, and topics are
-- read once.
-- Nothing in it may fail for data: a row without a tenant is nobody's, nor is one whose tenant is
-- no uuid since the column was given another type, a row over the size travels as its key, a
-- column that is gone reads as null.
-- The values of a row are written as the feed keeps them, whatever the session's settings: those of
-- them are set for it that can matter for the types of the table's columns, where they are
-- otherwise. A type that is not known here may depend on any of them. lc_monetary, which
-- money depends on, is left as it is.
-- Guarded, it stands in a block that catches every error; otherwise there is no such block, because
-- a subtransaction in every statement slows everybody.

create or replace function wedsync_realtime.dispatch_body(
    channel   wedsync_realtime.channels,
    operation text
)
    returns text
    language plpgsql
    stable
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
    v_table constant regclass := wedsync_realtime.channel_table(channel);
    v_settings wedsync_realtime.settings;
    v_heard text := 'select distinct {tenant} '
    'from (select {row} as content from changed_rows as r limit 1000) as i';
    v_written text;
    v_pinned jsonb;
    v_body text;
begin
    if not channel.is_enabled then
        return 'begin return null; end';
    end if;
    select s.* into v_settings from wedsync_realtime.settings as s;
    select
        string_agg(format('current_setting(%L) %s', p.name, p.fits), ' and ' order by p.place),
        jsonb_object_agg(p.name, p.value)
    into v_written, v_pinned
    from (values
        (1, 'TimeZone', 'UTC', 'in (''UTC'', ''Etc/UTC'')', null),
        (2, 'DateStyle', 'ISO', 'like ''ISO%''', '{}'),
        (3, 'IntervalStyle', 'postgres', '= ''postgres''', '{interval}'),
        (4, 'bytea_output', 'hex', '= ''hex''', '{bytea}'),
        (5, 'extra_float_digits', '1', 'in (''1'', ''2'', ''3'')', '{real, double precision}')
    ) as p (place, name, value, fits, types)
    where p.types is null or exists (
        select from pg_attribute as a
        where
            a.attrelid = v_table
            and a.attnum > 0
            and not a.attisdropped
            and (
                a.atttypid = any (p.types::regtype[])
                or a.atttypid <> all ('{
                    uuid, text, varchar, bpchar, bool, int2, int4, int8, numeric, json, jsonb,
                    date, time, timestamp, timestamptz, interval, bytea, float4, float8,
                    _text, _uuid, _int4, _int8
                }'::regtype[])
            )
    );
    if operation = 'UPDATE' then
        v_heard := replace(v_heard, 'changed', 'new') || ' union '
        || replace(v_heard, 'changed', 'old');
    end if;
    v_body := $template$
declare
    v_gate bigint := pg_sequence_last_value({gate});
    v_looks boolean;
    v_before jsonb;
begin
    -- expressions are few, because each is made ready anew in every transaction
    if v_gate is null or not ($template$ || v_written || $template$) then
        if v_gate is null then
            return null;
        end if;
        v_before := wedsync_realtime.swap_settings('$template$ || v_pinned || $template$');
    end if;$template$
    || case when operation = 'UPDATE' then wedsync_realtime.update_template(channel) else format(
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
    ) end || $template$
    if v_gate % 2 = 0 or v_before is not null then$template$
    || case when v_settings.notify_enabled then $template$
    if found and v_gate % 2 = 0 then
        perform wedsync_realtime.ring_bell({id}::smallint, array(
            $template$ || v_heard || $template$
        ));
    end if;$template$ else '' end || $template$
        if v_before is not null then
            perform wedsync_realtime.swap_settings(v_before);
        end if;
    end if;
    return null;
end
$template$;
    if v_settings.dispatch_guarded then
        v_body := E'\nbegin' || v_body || $template$;
exception
    when others then
        perform wedsync_realtime.note_failure({id}::smallint, 'dispatch', sqlstate, sqlerrm);
        return null;
end
$template$;
    end if;
    return wedsync_realtime.fill_template(v_body, channel, operation);
end
$$;

comment on function wedsync_realtime.dispatch_body(wedsync_realtime.channels, text) is
'Body of a trigger function of a channel.';
revoke execute on function wedsync_realtime.dispatch_body(wedsync_realtime.channels, text)
from public, anon, authenticated, service_role;
