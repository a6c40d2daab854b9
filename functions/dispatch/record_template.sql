-- Give the template for what a trigger function records; with broadcasts, it is sent too.
-- Most UPDATEs change one row. That is recognised first, because to pair and to look up for many
-- takes longer than recording one; where it is nobody's who is listened to, or all is byte by byte
-- as it was, there is nothing more to do, nor anybody to be woken.
-- Not of tables that foreign keys may update: what they do to one row comes in several versions.
-- Of INSERT and DELETE every event is marked as first, because looking for the first of each run of
-- one tenant takes longer than the index entries of a few; but not in a transaction that has
-- changed many rows of the table.

create or replace function wedsync_realtime.record_template(
    channel    wedsync_realtime.channels,
    operation  text,
    broadcasts boolean
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_record constant text := wedsync_realtime.sent_template(broadcasts);
    v_first constant text := 'lag(c.tenant_id) over () is distinct from c.tenant_id';
    v_many text := replace(v_record, '{statement}', case operation
        when 'UPDATE'
            then wedsync_realtime.cascade_template(wedsync_realtime.update_template(false), channel)
        else wedsync_realtime.rows_template()
    end);
begin
    if operation <> 'UPDATE' then
        v_many := format(
            E'\n    if pg_stat_get_xact_tuples_%s(tg_relid) > 1000 then%s\n    else%s\n    end if;',
            lower(rtrim(operation, 'E')) || 'ed',
            replace(replace(v_many, '{first}', v_first), '{known}', $template$
        when c.tenant_id in (
            select t.tenant_id from wedsync_realtime.topics as t
            where t.channel_id = {id}
            limit 1000
        ) then true$template$),
            replace(replace(v_many, '{first}', 'true'), '{known}', '')
        );
    end if;
    v_many := $template$
    v_looks := current_setting('transaction_isolation') like 'read %';$template$ || v_many;
    if operation <> 'UPDATE' or wedsync_realtime.has_cascades(channel) then
        return v_many;
    end if;
    return $template$
    declare
        v_old jsonb[];
        v_new jsonb[];
        v_tenant uuid;
    begin
    select array_agg(p.old), array_agg(p.new) into v_old, v_new
    from (
        select {old_row} as old, {new_row} as new
        from old_rows as o
        cross join new_rows as n
        where o.* *<> n.*
        limit 2
    ) as p;
    if cardinality(v_new) = 1 and {old_key} = {new_key}
        and v_old[1] -> {tenant_name} = v_new[1] -> {tenant_name}
    then
        v_tenant := {new_tenant};
        perform from wedsync_realtime.topics as t
        where t.channel_id = {id} and t.tenant_id = v_tenant;
        if found or v_tenant is not null
            and current_setting('transaction_isolation') not like 'read %'
        then$template$
    || replace(v_record, '{statement}', wedsync_realtime.update_template(true)) || $template$
        end if;
    elsif cardinality(v_new) > 0 then$template$ || v_many || $template$
    else
        v_gate := 1;
    end if;
    end;$template$;
end
$$;

comment on function wedsync_realtime.record_template(
    wedsync_realtime.channels, text, boolean
) is
'Template for what a trigger function records.';
revoke execute on function wedsync_realtime.record_template(
    wedsync_realtime.channels, text, boolean
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.record_template(
    wedsync_realtime.channels, text, boolean
)
to wedsync_realtime_owner;
