-- Write the expression that names a change: the first of the channel's rules that fits. An
-- UPDATE of many rows may turn out DELETEs and INSERTs, so its expression holds the rules of all.
-- A change that no rule fits is called <channel>.<operation>.

create or replace function wedsync_realtime.event_expression(
    channel_id smallint,
    operation  text,
    is_one     boolean
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_new text := case operation when 'UPDATE' then 'c.new' else 'c.content' end;
    v_old text := case operation when 'UPDATE' then 'c.old' else 'c.content' end;
    v_operation text := case operation
        when 'UPDATE' then case when is_one then '''U''' else 'c.operation' end
        else quote_literal(left(operation, 1))
    end;
    v_line constant text := E'\n                ';
begin
    return (
        select format('case%s%send', string_agg(
            v_line || 'when ' || concat_ws(
                ' and ',
                case when v_operation = 'c.operation'
                    then format('c.operation = %L', left(r.operation, 1)) else 'true'
                end,
                case when r.changed is not null then format('%L = any (c.changed)', r.changed) end,
                case when r.becomes <> '{}' then format('%s @> %L', v_new, r.becomes) end,
                case when r.was <> '{}' then format('%s @> %L', v_old, r.was) end
            ) || format(' then %L', r.event),
            '' order by r.position
        ), left(v_line, -4))
        from (
            select e.position, e.operation, e.changed, e.was, e.becomes, e.event
            from wedsync_realtime.event_rules as e
            where e.channel_id = event_expression.channel_id
            union all
            select 32767, o, null, '{}', '{}', replace(c.name, '-', '_') || '.' || lower(o)
            from wedsync_realtime.channels as c
            cross join unnest(array['INSERT', 'UPDATE', 'DELETE']) as o
            where c.id = event_expression.channel_id
        ) as r
        where
            event_expression.operation = r.operation
            or event_expression.operation = 'UPDATE' and not is_one
    );
end
$$;

comment on function wedsync_realtime.event_expression(smallint, text, boolean) is
'Expression that names a change of a channel.';
revoke execute on function wedsync_realtime.event_expression(smallint, text, boolean)
from public, anon, authenticated, service_role;
