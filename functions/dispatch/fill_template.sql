-- Put a channel's constants in the place of the markers in a template.
-- The image of a row goes without its virtual columns, of which PostgreSQL shows nothing but null
-- to triggers. Of text in another form than a uuid's no tenant is made: the column has got another
-- type, and writers must not fail for that.

create or replace function wedsync_realtime.fill_template(
    body      text,
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
    v_tenant constant text := format(
        'case when i.content ->> %1$L like ''________-____-____-____-%%'' '
        'then (i.content ->> %1$L)::uuid end', channel.tenant_column
    );
    v_row constant text := 'to_jsonb(r.*)' || coalesce((
        select ' - array[' || string_agg(quote_literal(a.attname), ', ' order by a.attnum) || ']'
        from pg_attribute as a
        where
            a.attrelid = wedsync_realtime.channel_table(channel)
            and a.attgenerated = 'v' and not a.attisdropped
            -- a brace could pass for a marker
            and a.attname !~ '[{}]'
    ), '');
    v_marker record;
begin
    for v_marker in
        select m.name, m.value
        from (values
            ('event', wedsync_realtime.event_expression(channel.id, operation, false)),
            ('event_one', wedsync_realtime.event_expression(channel.id, operation, true)),
            ('image', case operation when 'INSERT' then 'new' else 'old' end),
            ('code', quote_literal(left(operation, 1))),
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
            ('bytes', (select s.event_bytes::text from wedsync_realtime.settings as s)),
            ('id', channel.id::text),
            ('travels', case
                when channel.columns is null then 'true'
                else format('n.key = any (%L)', channel.columns)
            end)
        ) as m (name, value)
    loop
        body := replace(body, '{' || v_marker.name || '}', v_marker.value);
    end loop;
    return body;
end
$$;

comment on function wedsync_realtime.fill_template(text, wedsync_realtime.channels, text) is
'Template with a channel''s constants in the place of its markers.';
revoke execute on function wedsync_realtime.fill_template(text, wedsync_realtime.channels, text)
from public, anon, authenticated, service_role;
