-- The DBA: sets limits, pauses channels, exports; each act is on record.

begin;
select plan(22);

create function pg_temp.subscribe(user_id uuid, channel text, filters jsonb)
    returns jsonb
    language plpgsql
as $$
declare
    v_answer jsonb;
begin
    perform tests.become_user(user_id);
    v_answer := public.realtime_subscribe(array[channel], filters);
    perform tests.become_superuser();
    return v_answer;
end
$$;
create temporary table cast_of as
select
    tests.supplier('Bloom') as bloom, tests.couple('Ann and Bob') as couple,
    tests.supplier_user(tests.supplier('Bloom')) as owner,
    tests.couple_user(tests.couple('Ann and Bob'), 'Ann') as ann,
    tests.couple_user(tests.couple('Ann and Bob'), 'Bob') as bob;
select tests.link(c.bloom, c.couple) from cast_of as c;

-- Limits

select is(
    (select wedsync_realtime.set_limit(c.bloom, 1) from cast_of as c), 1,
    'set_limit: answers the limit in force'
);
select pg_temp.subscribe(
    c.owner, 'form-responses', jsonb_build_object('supplier_id', c.bloom)
) from cast_of as c;
select is(
    (
        select pg_temp.subscribe(
            c.owner, 'client-profiles', jsonb_build_object('supplier_id', c.bloom)
        ) ->> 'code'
        from cast_of as c
    ),
    'connection_limit', 'set_limit: is in force at once'
);
select results_eq(
    $$
        select l.tenant_name, l.max_subscriptions, l.has_own_limit, l.load, l.connections
        from wedsync_realtime.tenant_load as l
    $$,
    $$ values ('Bloom', 1, true, 1.0, 1::bigint) $$,
    'tenant_load: shows the tenant against its own limit'
);
select is(
    (select wedsync_realtime.set_limit(c.bloom) from cast_of as c), 1000,
    'set_limit: null takes it back'
);
select results_eq(
    $$
        select l.payload #> '{changes,max_subscriptions}'
        from public.realtime_activity_logs as l
        where l.event_type = 'limit_changed' order by l."timestamp"
    $$,
    $$ values ('[null, 1]'::jsonb), ('[1, null]') $$,
    'set_limit: is on record'
);
select throws_ok(
    $$ select wedsync_realtime.set_limit('00000000-0000-4000-8000-000000000000', 5) $$,
    '22023', 'no supplier or couple has the id ''00000000-0000-4000-8000-000000000000''',
    'set_limit: refuses who is neither supplier nor couple'
);
select throws_ok(
    format('select wedsync_realtime.set_limit(%L, %s)', c.bloom, v.most), '22023',
    'max_subscriptions must be between 0 and 1000000, or null; got ' || v.most,
    'set_limit: refuses ' || v.most
)
from cast_of as c
cross join (values (-1), (1000001)) as v (most);
select throws_ok(
    'select wedsync_realtime.set_limit(null, 5)', '22023', 'no supplier or couple has the id NULL',
    'set_limit: refuses nobody'
);

-- Pause

select is(
    wedsync_realtime.pause_channel('form-responses'), 1,
    'pause_channel: tells how many subscriptions it ended'
);
select is(
    (
        select pg_temp.subscribe(
            c.owner, 'form-responses', jsonb_build_object('supplier_id', c.bloom)
        ) ->> 'code'
        from cast_of as c
    ),
    'unknown_channel', 'pause_channel: nobody may subscribe'
);
select is(
    (
        select t.is_enabled
        from wedsync_realtime.channel_throughput as t
        where t.channel = 'form-responses'
    ),
    false, 'channel_throughput: shows that it is paused'
);
select is(
    wedsync_realtime.pause_channel('form-responses'), 0, 'pause_channel: does nothing twice'
);
select is(
    wedsync_realtime.resume_channel('form-responses'), true, 'resume_channel: lets it go on'
);
select is(
    wedsync_realtime.resume_channel('form-responses'), false, 'resume_channel: does nothing twice'
);
select is(
    (
        select pg_temp.subscribe(
            c.owner, 'form-responses', jsonb_build_object('supplier_id', c.bloom)
        ) ->> 'success'
        from cast_of as c
    ),
    'true', 'resume_channel: everybody may subscribe again'
);
select throws_ok(
    format('select wedsync_realtime.%s(%s)', v.name, v.argument), '22023',
    'unknown channel ' || v.argument, v.name || ': refuses a channel that is none'
)
from (values ('pause_channel', '''x'''), ('resume_channel', 'NULL')) as v (name, argument);
select is(
    (
        select count(*)
        from public.realtime_activity_logs as l
        where l.event_type = 'channel_changed' and l.payload #>> '{key}' = 'form-responses'
    ),
    2::bigint, 'pause_channel, resume_channel: are on record'
);

-- Export

select pg_temp.subscribe(u.id, 'core-fields', jsonb_build_object('couple_id', c.couple))
from cast_of as c cross join lateral (values (c.ann), (c.bob)) as u (id);
select pg_temp.subscribe(c.ann, 'form-responses', '{}') from cast_of as c;
select results_eq(
    $$
        select e.event_type, e.details ->> 'code'
        from cast_of as c cross join lateral wedsync_realtime.export_activity(c.ann) as e
        order by e.event_type  -- a refusal stands at the beginning of its minute
    $$,
    $$ values ('refused', 'filter_required'), ('subscribed', null) $$,
    'export_activity: gives all that is on record of a user, and nothing of others'
);
select is_empty(
    $$
        select e.*
        from cast_of as c
        cross join lateral wedsync_realtime.export_activity(c.ann, now() + interval '1 hour') as e
    $$,
    'export_activity: keeps to the times it is given'
);
select results_eq(
    $$
        select l.payload -> 'rows' from public.realtime_activity_logs as l
        where l.event_type = 'exported' order by l."timestamp"
    $$,
    $$ values ('2'::jsonb), ('0') $$,
    'export_activity: is on record'
);

select * from finish();
rollback;
