-- Give the template for UPDATE. Old and new are paired by key. A row that changed its key or its
-- tenant is a DELETE and an INSERT, each for the tenant it concerns, so that neither learns
-- anything of the other. All that happens to a key is in one pair, its deletion first, so that they
-- need not be sorted. A row that is as before is not recorded. Of many rows the topics are read
-- once, as long as they are not too many themselves.
-- Most UPDATEs change one row. That is recognised first, because to pair and to look up for many
-- takes longer than recording one, of which, where it kept key and tenant, everything else is
-- known. Where it is nobody's who is listened to, or all is byte by byte as it was, there is
-- nothing more to do, nor anybody to be woken. One value after the other in variables, because
-- to make a larger statement ready takes longer than to carry it out for one row.
-- Not of a table that foreign keys may update, whose changes come otherwise. All that one
-- statement on other tables makes them do to it comes at once, first the updates or first the
-- deletions, as the keys are named: so a row that was updated more than once is told from its first
-- version to its last, those between being old and new alike, and one that was updated and then
-- deleted, whose deletion is told already, is told no more. The feed is asked for that only in
-- transactions that have deleted rows of the table, and once for all rows: for each of them anew a
-- long transaction would take the square of its changes.

create or replace function wedsync_realtime.update_template(channel wedsync_realtime.channels)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table constant regclass := wedsync_realtime.channel_table(channel);
    c_changed constant text := $template$array(
                    select n.key
                    from (select jsonb_object_keys(%1$s) as key) as n
                    where %1$s -> n.key is distinct from %2$s -> n.key and {travels}
                    order by n.key
                )$template$;
    c_record constant text := $template${record}
    insert into wedsync_realtime.events
        (tenant_id, channel_id, operation, is_cut, event, new, old, changed, is_first)
    select
        c.tenant_id, {id}, c.operation, c.size > {bytes},
        %1$s,
            case when c.new is null then null when c.size <= {bytes} then {new} else {cut_new} end,
            case when c.old is null then null when c.size <= {bytes} then {old} else {cut_old} end,
        c.changed,
        %2$s
    from (%3$s
    ) as c
    where %4$s{recorded}$template$;
    v_many text := format(
        c_record, '{event}', 'lag(c.tenant_id) over () is distinct from c.tenant_id', $template$
        select i.*, {sizes} as size
        from (
            select
                p.*,
                case when p.operation = 'U' then $template$
        || format(c_changed, 'p.new', 'p.old') || $template$ end as changed
            from (
                select
                    k.operation,
                    case k.operation when 'D' then o.tenant else n.tenant end as tenant_id,
                    case when k.operation <> 'D' then n.new end as new,
                    case when k.operation <> 'I' then o.old end as old
                from (
                    select i.content as old, {tenant} as tenant, {key} as key
                    from (select {row} as content from old_rows as r{not_new} offset 0) as i
                ) as o
                full join (
                    select i.content as new, {tenant} as tenant, {key} as key
                    from (select {row} as content from new_rows as r{not_old} offset 0) as i
                ) as n on n.key = o.key
                cross join lateral unnest(case
                    when o.tenant is distinct from n.tenant then '{D, I}'::"char"[]
                    when o.old <> n.new then '{U}'::"char"[]
                end) as k (operation)
            ) as p
            offset 0
        ) as i
        offset 0$template$, $template$case
        when c.tenant_id is null or c.changed = '{}' then false{gone}
        when not v_looks then true
        when c.tenant_id in (
            select t.tenant_id from wedsync_realtime.topics as t
            where t.channel_id = {id}
            limit case when pg_stat_get_xact_tuples_updated(tg_relid) > 1000 then 1000 else 0 end
        ) then true
        else (
            select true from wedsync_realtime.topics as t
            where t.channel_id = {id} and t.tenant_id = c.tenant_id
            limit 1
        )
    end$template$
    );
begin
    v_many := $template$
    v_looks := current_setting('transaction_isolation') like 'read %';$template$ || v_many;
    if exists (
        select
        from pg_constraint as k
        where
            k.contype = 'f'
            and (k.confdeltype in ('n', 'd') or k.confupdtype in ('c', 'n', 'd'))
            and (
                k.conrelid = v_table
                or k.conrelid in (select p.relid from pg_partition_tree(v_table) as p)
            )
    ) then
        v_many := replace(v_many, '{not_new}', ' except all select {row} from new_rows as r');
        v_many := replace(v_many, '{not_old}', ' except all select {row} from old_rows as r');
        return replace(v_many, '{gone}', $template$
        when
            c.operation = 'U'
            and (
                pg_stat_get_xact_tuples_deleted(tg_relid) > 0
                or exists (
                    select from pg_partition_tree(tg_relid) as p
                    where pg_stat_get_xact_tuples_deleted(p.relid) > 0
                )
            )
            and (c.tenant_id, {changed_key}) in (
                select e.tenant_id, {told_key}
                from wedsync_realtime.events as e
                where
                    e.tenant_id in (
                        select {tenant}
                        from (select {row} as content from new_rows as r offset 0) as i
                    )
                    and e.channel_id = {id} and e.xid = pg_current_xact_id()
                group by 1, 2
                having (array_agg(e.operation order by e.id desc))[1] = 'D'
            )
            then false$template$);
    end if;
    v_many := replace(replace(replace(v_many, '{not_new}', ''), '{not_old}', ''), '{gone}', '');
    return $template$
    <<record>>
    declare
        v_old jsonb;
        v_new jsonb;
        v_is_one boolean;
        v_tenant uuid;
        v_changed text[];
        v_size integer;
    begin
    select {old_row}, {new_row}, not exists (select from new_rows offset 1)
    into v_old, v_new, v_is_one
    from old_rows as o
    cross join new_rows as n
    where o.* *<> n.*;
    exit record when not found;
    if v_is_one and v_old -> {tenant_name} = v_new -> {tenant_name} then
        v_tenant := {new_tenant};
        perform from wedsync_realtime.topics as t
        where t.channel_id = {id} and t.tenant_id = v_tenant;
        if not found and (
            v_tenant is null or current_setting('transaction_isolation') like 'read %'
        ) then
            exit record;
        end if;
        v_changed := $template$ || format(c_changed, 'v_new', 'v_old') || $template$;
        if not v_changed && {key_columns} then
            v_size := {size_one};$template$ || format(c_record, '{event_one}', 'true', $template$
        select
            'U'::"char" as operation, v_tenant as tenant_id, v_new as new, v_old as old,
            v_changed as changed, v_size as size$template$, $template$c.changed <> '{}'$template$)
    || $template$
            exit record;
        end if;
    end if;$template$ || v_many || $template$
    end;$template$;
end
$$;

comment on function wedsync_realtime.update_template(wedsync_realtime.channels) is
'Template of the trigger functions for UPDATE.';
revoke execute on function wedsync_realtime.update_template(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
