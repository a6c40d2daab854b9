-- Give the template for UPDATE. Old and new are paired by key. A row that changed its key or its
-- tenant is a DELETE and an INSERT, each for the tenant it concerns, so that neither learns
-- anything of the other. All that happens to a key is in one pair, its deletion first, so that they
-- need not be sorted. A row that is as before is not recorded. {not_new}, {not_old} and {gone} are
-- for cascade_template. Of one row, that v_old and v_new hold and that kept key and tenant,
-- everything else is known.
-- Of many rows the topics are read once, as long as they are not too many themselves.

create or replace function wedsync_realtime.update_template(is_one boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return $template$
    insert into wedsync_realtime.events
        (tenant_id, channel_id, operation, is_cut, event, new, old, changed, is_first)
    select
        c.tenant_id, {id}, c.operation, c.size > {bytes},
        $template$ || case when is_one then '{event_one}' else '{event}' end
    || $template$,{sent_new},{sent_old},
        c.changed,
        $template$ || case when is_one then 'true' else $template$
        lag(c.tenant_id) over () is distinct from c.tenant_id$template$ end
    || $template$
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
        from ($template$ || wedsync_realtime.pairs_template(is_one) || $template$
        ) as p
        offset 0
    ) as c$template$ || case when is_one then $template$
    where c.changed <> '{}'$template$ else $template$
    where case
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
    end$template$ end;
end
$$;

comment on function wedsync_realtime.update_template(boolean) is
'Template of the trigger functions for UPDATE.';
revoke execute on function wedsync_realtime.update_template(boolean)
from public, anon, authenticated, service_role;
