-- List the columns of a channel's table that may be named in filters, and how their values compare.
-- kind is number, time, text or boolean; null where the type cannot be filtered by value.

create or replace function wedsync_realtime.channel_columns(channel wedsync_realtime.channels)
    returns table (name text, kind text, type regtype, is_ordered boolean)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        a.attname::text,
        case
            when b.oid in (
                'int2'::regtype, 'int4'::regtype, 'int8'::regtype,
                'numeric'::regtype, 'float4'::regtype, 'float8'::regtype
            ) then 'number'
            when b.oid in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
                then 'time'
            when b.oid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype) then 'text'
            when b.typtype = 'e' then 'text'
            when b.oid = 'bool'::regtype then 'boolean'
        end,
        b.oid::regtype,
        b.typtype <> 'e' and b.oid not in ('bool'::regtype, 'uuid'::regtype)
    from pg_attribute as a
    inner join pg_type as t on t.oid = a.atttypid
    inner join pg_type as b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
    where
        a.attrelid = wedsync_realtime.channel_table(channel)
        and a.attnum > 0
        and not a.attisdropped
        and a.attgenerated <> 'v'
        and (
            channel.columns is null
            or a.attname::text = any (channel.columns || channel.key_columns)
        );
end
$$;

comment on function wedsync_realtime.channel_columns(wedsync_realtime.channels) is
'Columns of a channel that may be named in filters.';
revoke execute on function wedsync_realtime.channel_columns(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.channel_columns(wedsync_realtime.channels)
to wedsync_realtime_owner;
