-- Arguments: each that is wrong is refused with its code, and the error names the key at fault.

begin;
select plan(98);

create type public.stage as enum ('asked', 'answered');
alter table public.form_responses
add column guests integer, add column is_final boolean, add column stage public.stage;
update wedsync_realtime.settings set subscribe_burst = 1000;
select tests.supplier_user(tests.supplier('Bloom'));
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));

-- channels

select is(
    (public.realtime_subscribe(
        v.channels, jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'code') || ': ' || v.fault,
    v.code || ': ' || v.fault,
    'realtime_subscribe: channels that are ' || v.fault || ' answer ' || v.code
)
from (values
    ('null', null, 'invalid_request'),
    ('empty', '{}', 'invalid_request'),
    ('a list with null', '{form-responses,null}', 'invalid_request'),
    ('named twice', '{form-responses,form-responses}', 'invalid_request'),
    ('a list of lists', '{{form-responses,client-profiles}}', 'invalid_request'),
    ('too many', array_fill('form-responses'::text, '{11}'), 'invalid_request'),
    ('unknown', '{form-responses,chat}', 'unknown_channel'),
    ('in another case', '{Form-Responses}', 'unknown_channel'),
    ('an empty name', array[''], 'unknown_channel')
) as v (fault, channels, code);
select is(
    public.realtime_subscribe(array['chat']) ->> 'error', 'Unknown channel: chat',
    'realtime_subscribe: an unknown channel is named'
);
select cmp_ok(
    length(public.realtime_subscribe(array[repeat('x', 100000)])::text), '<', 1000,
    'realtime_subscribe: the answer does not grow with a name'
);
select tests.become_superuser();
update wedsync_realtime.channels set is_enabled = false
where name = 'client-profiles';
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select is(
    public.realtime_subscribe(array['client-profiles'], jsonb_build_object(
        'supplier_id', tests.supplier('Bloom')
    )) ->> 'error',
    'Unknown channel: client-profiles', 'realtime_subscribe: a disabled channel is unknown'
);

-- filters

select is(
    public.realtime_subscribe(array['form-responses'], v.filters)
    - 'details' - 'hint' - 'retryAfter',
    '{
        "success": false, "status": 400, "code": "filter_required",
        "error": "supplier_id required for form-responses channel"
    }',
    'realtime_subscribe: filters ' || coalesce(v.filters::text, 'null') || ' lack supplier_id'
)
from (values
    (null::jsonb), ('{}'), ('{"supplier_id": null}'),
    (jsonb_build_object('couple_id', tests.couple('Ann and Bob')))
) as v (filters);
select is(
    public.realtime_subscribe(array['wedding-details']) ->> 'error',
    'wedding_id required for wedding-details channel',
    'realtime_subscribe: a wedding is asked for by wedding_id'
);

create temporary table answers as
select
    v.key, v.filters,
    public.realtime_subscribe(
        array['form-responses'],
        case
            when jsonb_typeof(v.filters) = 'object'
                then jsonb_build_object('supplier_id', tests.supplier('Bloom')) || v.filters
            else v.filters
        end
    ) as answer
from (values
    ('filters', '[]'::jsonb),
    ('filters', '"supplier_id"'),
    ('filters', 'null'),
    ('filters', '7'),
    ('filters', jsonb_build_object('where', repeat(md5('x') || md5('y'), 300))),
    ('table', '{"table": "clients"}'),
    ('Supplier_ID', '{"Supplier_ID": null}'),
    ('user_id', '{"user_id": "7"}'),
    ('supplier_id', '{"supplier_id": "7"}'),
    ('supplier_id', '{"supplier_id": 7}'),
    ('supplier_id', '{"supplier_id": ["7"]}'),
    ('supplier_id', '{"supplier_id": {"eq": "7"}}'),
    ('supplier_id', '{"supplier_id": ""}'),
    ('supplier_id', '{"supplier_id": "00000000-0000-0000-0000-00000000000g"}'),
    ('couple_id', '{"couple_id": "x'' or true --"}'),
    ('wedding_id', '{"wedding_id": true}'),
    ('operations', '{"operations": "INSERT"}'),
    ('operations', '{"operations": []}'),
    ('operations', '{"operations": null}'),
    ('operations', '{"operations": ["insert"]}'),
    ('operations', '{"operations": ["TRUNCATE"]}'),
    ('operations', '{"operations": [null]}'),
    ('operations', '{"operations": [["INSERT"]]}'),
    ('events', '{"events": ["milestone.completed"]}'),
    ('events', '{"events": {"form_response.deleted": true}}'),
    ('events', '{"events": [1]}'),
    ('changed', '{"changed": ["password"]}'),
    ('changed', '{"changed": ["ctid"]}'),
    ('changed', '{"changed": "status"}'),
    ('where', '{"where": {"column": "status", "op": "eq", "value": "x"}}'),
    ('where', '{"where": []}'),
    ('where', '{"where": ["status"]}'),
    ('where', '{"where": [{"column": "status", "op": "eq"}]}'),
    ('where', '{"where": [{"column": "status", "op": "eq", "value": "x", "or": 1}]}'),
    ('nothing', '{"where": [{"column": "nothing", "op": "eq", "value": "x"}]}'),
    ('column', '{"where": [{"column": null, "op": "eq", "value": "x"}]}'),
    ('like', '{"where": [{"column": "status", "op": "like", "value": "x"}]}'),
    ('op', '{"where": [{"column": "status", "op": ["eq"], "value": "x"}]}'),
    ('status', '{"where": [{"column": "status", "op": "eq", "value": {"a": 1}}]}'),
    ('where', '{"where": [{"column": "status", "op": "eq", "value": ["x"]}]}'),
    ('status', '{"where": [{"column": "status", "op": "eq", "value": null}]}'),
    ('where', '{"where": [{"column": "status", "op": "in", "value": "x"}]}'),
    ('where', '{"where": [{"column": "status", "op": "in", "value": []}]}'),
    ('where', '{"where": [{"column": "status", "op": "is", "value": "x"}]}'),
    ('guests', '{"where": [{"column": "guests", "op": "gt", "value": "many"}]}'),
    ('guests', '{"where": [{"column": "guests", "op": "eq", "value": 1.5}]}'),
    ('guests', '{"where": [{"column": "guests", "op": "in", "value": [1, 99999999999]}]}'),
    ('stage', '{"where": [{"column": "stage", "op": "eq", "value": "lost"}]}'),
    ('is_final', '{"where": [{"column": "is_final", "op": "gt", "value": true}]}'),
    ('is_final', '{"where": [{"column": "is_final", "op": "eq", "value": "perhaps"}]}'),
    ('couple_id', '{"where": [{"column": "couple_id", "op": "eq", "value": "7"}]}'),
    ('submitted_at', '{"where": [{"column": "submitted_at", "op": "lt", "value": "soon"}]}'),
    ('responses', '{"where": [{"column": "responses", "op": "eq", "value": "{}"}]}')
) as v (key, filters);
select is(
    a.answer ->> 'code' || ': ' || (a.answer ->> 'error'),
    'invalid_request: ' || coalesce(
        substring(a.answer ->> 'error' from '.*\m' || a.key || '\M.*'), 'names ' || a.key
    ),
    'realtime_subscribe: refuses and names ' || a.key || ' in ' || left(a.filters::text, 80)
)
from answers as a;
select is_empty(
    $$ select s.* from public.realtime_subscriptions as s $$,
    'realtime_subscribe: nothing of it made a lease'
);

-- channel, cursor and max_events of the other calls

select set_config('tests.channel', public.realtime_subscribe(
    array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
) #>> '{subscriptions,0,channel}', true);
select is(
    public.realtime_poll(current_setting('tests.channel'), v.cursor) ->> 'error',
    'cursor is none that poll or subscribe has answered',
    'realtime_poll: refuses and names the cursor ' || left(v.cursor, 40)
)
from (values
    (''), ('0'), ('latest'), ('1.00000000.1'), ('2.00000000.1.10:20:'), ('1.00000000.1.20:10:'),
    ('1.00000000.1.10:20:30'), ('1.00000000.1.10:20:.10:20:'), ('1.0000000g.1.10:20:'),
    ('1.00000000.1.99999999999999999999:99999999999999999999:'), (repeat('1', 100000)),
    ('1.00000000.1.10:20:'' or true --')
) as v (cursor);
select is(
    public.realtime_poll(current_setting('tests.channel'), null, v.most) ->> 'error',
    'max_events must be between 1 and 1000',
    'realtime_poll: refuses max_events ' || coalesce(v.most::text, 'null')
)
from (values (null::integer), (0), (-1), (1001), (2147483647)) as v (most);
select is(
    public.realtime_poll(current_setting('tests.channel'), null, v.most) -> 'success', 'true',
    'realtime_poll: takes max_events ' || v.most
)
from (values (1), (1000)) as v (most);
select ok(
    v.answer ->> 'code' = 'invalid_request' and v.answer ->> 'error' ~ '\mchannel\M',
    v.function || ': refuses and names the channel ' || coalesce(left(a.channel, 20), 'null')
)
from (values (null::text), (''), (repeat('x', 100000))) as a (channel)
cross join lateral (values
    ('realtime_poll', public.realtime_poll(a.channel)),
    ('realtime_unsubscribe', public.realtime_unsubscribe(a.channel))
) as v (function, answer);
select is(
    public.realtime_ping(repeat('x', 100000)) ->> 'code', 'subscription_expired',
    'realtime_ping: a channel that is none is no error of its own'
);
select tests.become_superuser();
select cmp_ok(
    max(pg_column_size(l.payload)), '<', 1000,
    'realtime_activity_logs: what a call sent does not make rows grow'
)
from public.realtime_activity_logs as l;

select * from finish();
rollback;
