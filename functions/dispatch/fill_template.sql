-- Put a channel's constants in the place of the markers in a template; and, with broadcasts, around
-- each statement that records what sends its events too. Of a row only those columns travel that
-- may, or its key when it is over the size.
-- The image of a row goes without its virtual columns, of which PostgreSQL shows nothing but null
-- to triggers. Of text in another form than a uuid's no tenant is made: the column has got another
-- type, and writers must not fail for that. Rows are paired by the text of a key of one column,
-- which takes far less than its JSON does, unless one value may have several texts.

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
    v_keys constant text := (
        select string_agg(quote_literal(k.name), ', ') from unnest(channel.key_columns) as k (name)
    );
    v_sent constant text[] := case
        when channel.columns is not null then channel.key_columns || channel.columns
    end;
    v_pairs_by_text constant boolean := exists (
        select from wedsync_realtime.channel_columns(channel) as c
        where c.name = channel.key_columns[1] and c.kind <> '' and c.type <> 'numeric'::regtype
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
        from wedsync_realtime.settings as s
        cross join lateral (values
            ('record', case when s.broadcast_enabled then $template$
    declare
        v_places tid[];
        v_since timestamptz;
    begin
    with recorded as ($template$ else '' end),
            ('recorded', case when s.broadcast_enabled then $template$
        returning created_at, ctid
    )
    select array_agg(r.ctid), min(r.created_at) into v_places, v_since from recorded as r;
    if v_places is not null then
        perform wedsync_realtime.broadcast_events({id}::smallint, v_places, v_since);
    end if;
    end;$template$ else ';' end),
            ('event', wedsync_realtime.event_expression(channel.id, operation, false)),
            ('event_one', wedsync_realtime.event_expression(channel.id, operation, true)),
            ('image', case operation when 'INSERT' then 'new' else 'old' end),
            ('code', quote_literal(left(operation, 1))), ('bytes', s.event_bytes::text),
            ('tenant', v_tenant), ('new_tenant', replace(v_tenant, 'i.content', 'v_new')),
            ('tenant_name', quote_literal(channel.tenant_column)), ('id', channel.id::text),
            ('key_columns', format('array[%s]', v_keys)), ('row', v_row),
            ('old_row', replace(v_row, 'r.*', 'o.*')), ('new_row', replace(v_row, 'r.*', 'n.*')),
            ('gate', quote_literal(wedsync_realtime.gate_name(channel.id))),
            ('travels', coalesce((
                select 'n.key in (' || string_agg(quote_literal(c.name), ', ') || ')'
                from unnest(v_sent) as c (name)
            ), 'true'))
        ) as m (name, value)
        union all
        select z.name, wedsync_realtime.size_expression(z.images::text[], z.changed, channel)
        from (values
            ('size', '{i.content}', null), ('sizes', '{i.new, i.old}', 'i.changed'),
            ('size_one', '{v_new, v_old}', 'v_changed')
        ) as z (name, images, changed)
        where position('{' || z.name || '}' in body) > 0
        union all
        select k.name, case
            when k.name !~ 'key$' or cardinality(channel.key_columns) > 1
                then coalesce(wedsync_realtime.columns_expression(k.image, k.columns), k.image)
            when k.name = 'key' and v_pairs_by_text
                then format('(%s ->> %L) collate "C"', k.image, channel.key_columns[1])
            else format('%s -> %L', k.image, channel.key_columns[1])
        end
        from (values
            ('key', 'i.content', channel.key_columns),
            ('changed_key', 'c.new', channel.key_columns),
            ('told_key', 'coalesce(e.new, e.old)', channel.key_columns),
            ('content', 'c.content', v_sent), ('cut', 'c.content', channel.key_columns),
            ('new', 'c.new', v_sent), ('cut_new', 'c.new', channel.key_columns),
            ('old', 'c.old', v_sent), ('cut_old', 'c.old', channel.key_columns)
        ) as k (name, image, columns)
        where position('{' || k.name || '}' in body) > 0
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
