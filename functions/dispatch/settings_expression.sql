-- Write the condition under which a session writes the values of a channel's table as the feed
-- keeps them: of the settings that can matter those that do for the types of its columns. A type
-- that is not known here may depend on any of them.

create or replace function wedsync_realtime.settings_expression(channel wedsync_realtime.channels)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(s.condition, ' and ' order by s.place)
        from (values
            (1, null, 'current_setting(''TimeZone'') in (''UTC'', ''Etc/UTC'')'),
            (2, '{}', 'current_setting(''DateStyle'') like ''ISO%'''),
            (3, '{interval}', 'current_setting(''IntervalStyle'') = ''postgres'''),
            (4, '{bytea}', 'current_setting(''bytea_output'') = ''hex'''),
            (
                5, '{real, double precision}',
                'current_setting(''extra_float_digits'') in (''1'', ''2'', ''3'')'
            )
        ) as s (place, types, condition)
        where s.types is null or exists (
            select from pg_attribute as a
            where
                a.attrelid = wedsync_realtime.channel_table(channel)
                and a.attnum > 0
                and not a.attisdropped
                and (
                    a.atttypid = any (s.types::regtype[])
                    or a.atttypid <> all ('{
                        uuid, text, varchar, bpchar, bool, int2, int4, int8, numeric, json, jsonb,
                        date, time, timestamp, timestamptz, interval, bytea, float4, float8,
                        _text, _uuid, _int4, _int8
                    }'::regtype[])
                )
        )
    );
end
$$;

comment on function wedsync_realtime.settings_expression(wedsync_realtime.channels) is
'Condition under which a session writes the values of a channel''s table as the feed keeps them.';
revoke execute on function wedsync_realtime.settings_expression(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
