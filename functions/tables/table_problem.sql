-- Say why a channel cannot be attached to its table as that is now, or nobody could be admitted;
-- null when it can.

create or replace function wedsync_realtime.table_problem(channel wedsync_realtime.channels)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table regclass := wedsync_realtime.channel_table(channel);
    v_problem text;
begin
    select string_agg(distinct p.problem, '; ') into v_problem
    from wedsync_realtime.needed_columns(channel) as n
    cross join lateral wedsync_realtime.column_problem(
        n.schema_name, n.table_name, n.column_name, n.type
    ) as p (problem);
    if v_table is null then
        -- a renamed table keeps its triggers
        return (
            select concat_ws(
                '; its triggers are on ', v_problem, min(t.tgrelid::regclass::text)
            )
            from pg_trigger as t
            where t.tgname like '%\_after\_insert\_dispatch\_' || channel.id
        );
    elsif v_problem is not null then
        return v_problem;
    end if;
    if not wedsync_realtime.is_key(v_table, channel.key_columns)
        and wedsync_realtime.key_columns(v_table) is null
    then
        return format('%s has no primary key', v_table);
    end if;
    select format(
        '%s is a partition of %s, and what is written by way of that fires none of its triggers',
        v_table, i.inhparent::regclass
    )
    into v_problem
    from pg_inherits as i
    inner join pg_class as r on r.oid = i.inhrelid and r.relispartition
    where i.inhrelid = v_table;
    if found then
        return v_problem;
    end if;
    return (
        select format(
            case
                when bool_or(f.relispartition) then '%s has the partition %s, a foreign table'
                else '%s has the table %s beneath it, which inherits from it'
            end,
            v_table, min(f.oid::regclass::text)
        )
        from (
            select p.relid from pg_partition_tree(v_table) as p
            union all
            select i.inhrelid from pg_inherits as i where i.inhparent = v_table
        ) as p
        inner join pg_class as f
            on f.oid = p.relid and (f.relkind = 'f' or not f.relispartition and f.oid <> v_table)
        having count(*) > 0
    );
end
$$;

comment on function wedsync_realtime.table_problem(wedsync_realtime.channels) is
'Why a channel cannot be attached to its table; null when it can.';
revoke execute on function wedsync_realtime.table_problem(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
