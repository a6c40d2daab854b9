-- Give the template for UPDATE. Old and new are paired by key. A row that changed its key or its
-- tenant is a DELETE and an INSERT, each for the tenant it concerns, so that neither learns
-- anything of the other. All that happens to a key is in one pair, its deletion first, so that they
-- need not be sorted. A row that is as before is not recorded. Of many rows the topics are read
-- once, as long as they are not too many themselves.
-- Most UPDATEs change one row. That is recognised first, because to pair and to look up for many
-- takes longer than recording one, of which, where it kept key and tenant, everything else is
-- known. Where it is nobody's who is listened to, or all is byte by byte as it was, there is
-- nothing more to do, nor anybody to be woken.
-- Not of a table that foreign keys may update, whose changes come otherwise. All that one
-- statement on other tables makes them do to it comes at once, first the updates or first the
-- deletions, as the keys are named: so a row that was updated more than once is told from its first
-- version to its last, those between being old and new alike, and one that was updated and then
-- deleted, whose deletion is told already, is told no more. The feed is asked for that only in
-- transactions that have deleted rows of the table, and once for all rows: for each of them anew a
-- long transaction would take the square of its changes.

create or replace function wedsync_realtime.update_template(cascades boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    c_record constant text := $template${record}
    insert into wedsync_realtime.events
        (tenant_id, channel_id, operation, is_cut, event, new, old, changed, is_first)
    select
        c.tenant_id, {id}, c.operation, c.size > {bytes},
        %1$s,{sent_new},{sent_old},
        c.changed,
        %2$s
    from (
        select
            p.*,
            case
                when greatest(pg_column_size(p.new), pg_column_size(p.old)) > 2048
                    then wedsync_realtime.row_size(p.new) + wedsync_realtime.row_size(p.old)
                when {length_new} > 8 * pg_column_size(p.new)
                    or {length_old} > 8 * pg_column_size(p.old)
                    then 1000000000
                else coalesce(pg_column_size(p.new), 0) + coalesce(pg_column_size(p.old), 0)
            end as size,
            case when p.operation = 'U' then array(
                select n.key
                from (select jsonb_object_keys(p.new) as key) as n
                where p.new -> n.key is distinct from p.old -> n.key and {travels}
                order by n.key
            ) end as changed
        from (%3$s
        ) as p
        offset 0
    ) as c
    where %4$s{recorded}$template$;
    v_many text := format(
        c_record, '{event}', 'lag(c.tenant_id) over () is distinct from c.tenant_id', $template$
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
            end) as k (operation)$template$, $template$case
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
    if cascades then
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
        then$template$ || format(c_record, '{event_one}', 'true', $template$
            select
                'U'::"char" as operation, v_tenant as tenant_id,
                v_new[1] as new, v_old[1] as old$template$, $template$c.changed <> '{}'$template$)
    || $template$
        end if;
    elsif cardinality(v_new) > 0 then$template$ || v_many || $template$
    else
        v_gate := 1;
    end if;
    end;$template$;
end
$$;

comment on function wedsync_realtime.update_template(boolean) is
'Template of the trigger functions for UPDATE.';
revoke execute on function wedsync_realtime.update_template(boolean)
from public, anon, authenticated, service_role;
