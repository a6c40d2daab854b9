-- Write the body of a trigger function of a channel: the template of the operation with its
-- constants filled in. Guarded, it stands in a block that catches every error; otherwise there
-- is no such block, because a subtransaction in every statement slows everybody.

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
    v_settings wedsync_realtime.settings;
    v_tenant constant text := wedsync_realtime.tenant_expression(channel.tenant_column);
    v_row constant text := wedsync_realtime.row_expression(channel);
    v_body text;
    v_marker record;
begin
    if not channel.is_enabled then
        return 'begin return null; end';
    end if;
    select s.* into v_settings from wedsync_realtime.settings as s;
    v_body := replace(
        wedsync_realtime.frame_template(), '{record}',
        wedsync_realtime.record_template(channel, operation, v_settings.broadcast_enabled)
    );
    if v_settings.dispatch_guarded then
        v_body := wedsync_realtime.guarded_template(v_body);
    end if;
    for v_marker in
        select m.name, m.value
        from (values
            ('event', wedsync_realtime.event_expression(channel.id, operation, false)),
            ('event_one', wedsync_realtime.event_expression(channel.id, operation, true)),
            ('image', case operation when 'INSERT' then 'new' else 'old' end),
            ('code', quote_literal(left(operation, 1))),
            ('ring', case when v_settings.notify_enabled
                then wedsync_realtime.ring_template(operation) else ''
            end),
            ('tenant', v_tenant),
            ('new_tenant', replace(v_tenant, 'i.content', 'v_new[1]')),
            ('tenant_name', quote_literal(channel.tenant_column)),
            ('row', v_row),
            ('old_row', replace(v_row, 'r.*', 'o.*')),
            ('new_row', replace(v_row, 'r.*', 'n.*')),
            ('old_key', wedsync_realtime.key_expression('v_old[1]', channel.key_columns)),
            ('new_key', wedsync_realtime.key_expression('v_new[1]', channel.key_columns)),
            ('gate', quote_literal(wedsync_realtime.gate_name(channel.id))),
            ('settings', wedsync_realtime.settings_expression(channel)),
            ('sent', wedsync_realtime.image_expression('c.content', channel)),
            ('sent_new', wedsync_realtime.image_expression('c.new', channel)),
            ('sent_old', wedsync_realtime.image_expression('c.old', channel)),
            ('length', wedsync_realtime.length_expression('i.content', channel)),
            ('length_new', wedsync_realtime.length_expression('p.new', channel)),
            ('length_old', wedsync_realtime.length_expression('p.old', channel)),
            ('key', wedsync_realtime.key_expression('i.content', channel.key_columns)),
            ('bytes', v_settings.event_bytes::text),
            ('id', channel.id::text),
            ('travels', case
                when channel.columns is null then 'true'
                else format('n.key = any (%L)', channel.columns)
            end)
        ) as m (name, value)
    loop
        v_body := replace(v_body, '{' || v_marker.name || '}', v_marker.value);
    end loop;
    return v_body;
end
$$;

comment on function wedsync_realtime.dispatch_body(wedsync_realtime.channels, text) is
'Body of a trigger function of a channel.';
revoke execute on function wedsync_realtime.dispatch_body(wedsync_realtime.channels, text)
from public, anon, authenticated, service_role;
