-- The feed's content: columns that travel, rows over the size, truncation, disabled channels.

begin;
select plan(8);

create temporary view feed as
select
    e.id, c.name, e.operation, e.new, e.old, e.changed, e.is_cut, e.event,
    case e.tenant_id
        when tests.id('supplier', 'Bloom') then 'Bloom'
        when tests.id('supplier', 'Petal') then 'Petal'
        else e.tenant_id::text
    end as tenant
from wedsync_realtime.events as e
inner join wedsync_realtime.channels as c on e.channel_id = c.id
where e.id > current_setting('tests.from', true)::bigint;

-- What follows is all that feed shows.
create function pg_temp.anew()
    returns text
    language sql
as $$
    select set_config(
        'tests.from',
        coalesce((select max(e.id) from wedsync_realtime.events as e), 0)::text, true
    )
$$;
select pg_temp.anew();

insert into wedsync_realtime.topics (channel_id, tenant_id)
select c.id, t.tenant_id
from wedsync_realtime.channels as c
cross join (values (tests.supplier('Bloom')), (tests.supplier('Petal'))) as t (tenant_id)
where c.name = 'form-responses';
insert into public.form_responses (id, supplier_id, form_name)
values
    (tests.id('form', '2'), tests.supplier('Bloom'), 'menu'),
    (tests.id('form', '4'), tests.supplier('Bloom'), 'upserted');

-- Columns that travel

update wedsync_realtime.channels set columns = '{form_name}'
where name = 'form-responses';
select pg_temp.anew();
update public.form_responses set responses = '{"diet": "private"}', status = 'hidden';
select is_empty(
    'select from feed', 'dispatch: a change of a column that does not travel is silent'
);
update public.form_responses set form_name = 'shown', status = 'sent'
where id = tests.id('form', '4');
select results_eq(
    $$ select new, old, changed from feed $$,
    $$
        select
            jsonb_build_object('id', tests.id('form', '4'), 'form_name', 'shown'),
            jsonb_build_object('id', tests.id('form', '4'), 'form_name', 'upserted'),
            '{form_name}'::text[]
    $$,
    'dispatch: the key and the columns of the channel travel, no others'
);
delete from public.form_responses
where id = tests.id('form', '4');
select is_empty(
    $$ select f.* from feed as f where f::text ~ 'private|hidden|sent' $$,
    'dispatch: a column that does not travel is in no event'
);
select tests.supplier_user(tests.supplier('Bloom'));
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select is(
    public.realtime_subscribe(array['form-responses'], jsonb_build_object(
        'supplier_id', tests.supplier('Bloom')
    ) || v.filters) ->> 'code',
    'invalid_request', 'realtime_subscribe: refuses ' || v.filters::text || ', it does not travel'
)
from (values
    ('{"changed": ["status"]}'::jsonb),
    ('{"where": [{"column": "status", "op": "is", "value": null}]}')
) as v (filters);
select tests.become_superuser();
update wedsync_realtime.channels set columns = null
where name = 'form-responses';

-- Oversize and truncate

update wedsync_realtime.settings set event_bytes = 1024;
select pg_temp.anew();
insert into public.form_responses (id, supplier_id, status, responses)
values (
    tests.id('form', '5'), tests.supplier('Bloom'), 'draft',
    (select jsonb_agg(md5(n::text)) from generate_series(1, 100) as n)
);
update public.form_responses set status = 'submitted'
where id = tests.id('form', '5');
delete from public.form_responses
where id = tests.id('form', '5');
select results_eq(
    $$ select operation::text, is_cut, new, old, changed, event from feed order by id $$,
    $$
        select v.operation, true, v.new, v.old, v.changed, v.event
        from jsonb_build_object('id', tests.id('form', '5')) as k (key)
        cross join lateral (values
            ('I', k.key, null, null, 'form_response.updated'),
            ('U', k.key, k.key, '{status}'::text[], 'form_response.submitted'),
            ('D', null, k.key, null, 'form_response.deleted')
        ) as v (operation, new, old, changed, event)
    $$,
    'dispatch: a row over the size travels as its key, named as ever'
);
select pg_temp.anew();
truncate public.form_responses;
select results_eq(
    $$
        select c.name, r.reason, r.xid
        from wedsync_realtime.resets as r
        inner join wedsync_realtime.channels as c on c.id = r.channel_id
    $$,
    $$ values ('form-responses', 'truncated', pg_current_xact_id()) $$,
    'dispatch: a truncate makes every client of the channel resync'
);
update wedsync_realtime.channels set is_enabled = false
where name = 'form-responses';
select pg_temp.anew();
insert into public.form_responses (supplier_id) values (tests.supplier('Bloom'));
select is_empty('select from feed', 'dispatch: a disabled channel records nothing');

select * from finish();
rollback;
