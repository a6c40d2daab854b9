-- A supplier's user: hears what is the supplier's and the linked couples', writes and is heard.

begin;
select plan(11);

select tests.link(tests.supplier('Bloom'), tests.couple('Ann and Bob'));
insert into public.wedding_details (id, couple_id)
values
    (tests.id('wedding', 'Ann and Bob'), tests.couple('Ann and Bob')),
    (tests.id('wedding', 'Cy and Di'), tests.couple('Cy and Di'));
select tests.supplier_user(tests.supplier('Bloom'));

-- Subscribe

select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select set_config('tests.first', public.realtime_subscribe(
    array[
        'form-responses', 'journey-progress', 'client-profiles', 'supplier-profile',
        'wedding-details', 'couple-profile'
    ],
    jsonb_build_object(
        'supplier_id', tests.supplier('Bloom'),
        'couple_id', tests.couple('Ann and Bob'),
        'wedding_id', tests.id('wedding', 'Ann and Bob')
    )
)::text, true);

select is(
    current_setting('tests.first')::jsonb -> 'success', 'true',
    'realtime_subscribe: a supplier opens all channels for suppliers in one call'
);
select results_eq(
    $$
        select s.name, s."table", s.topic, s.filter
        from jsonb_to_recordset(current_setting('tests.first')::jsonb -> 'subscriptions')
            as s (name text, "table" text, topic text, filter text)
    $$,
    $$
        select
            v.name, v.relation, v.name || ':' || v.tenant,
            v.key || '=eq.' || case v.key
                when 'wedding_id' then tests.id('wedding', 'Ann and Bob') else v.tenant
            end
        from (values
            (1, 'form-responses', 'form_responses', 'supplier_id', tests.supplier('Bloom')),
            (2, 'journey-progress', 'journey_progress', 'supplier_id', tests.supplier('Bloom')),
            (3, 'client-profiles', 'clients', 'supplier_id', tests.supplier('Bloom')),
            (4, 'supplier-profile', 'suppliers', 'supplier_id', tests.supplier('Bloom')),
            (5, 'wedding-details', 'wedding_details', 'wedding_id', tests.couple('Ann and Bob')),
            (6, 'couple-profile', 'couples', 'couple_id', tests.couple('Ann and Bob'))
        ) as v (position, name, relation, key, tenant)
        order by v.position
    $$,
    'realtime_subscribe: a supplier is told table, topic and filter in the order asked for'
);
select results_eq(
    $$
        select s -> 'postgresChanges' ->> 'filter'
        from jsonb_array_elements(current_setting('tests.first')::jsonb -> 'subscriptions') as s
    $$,
    $$
        select v.key || '=eq.' || v.tenant
        from (values
            (1, 'supplier_id', tests.supplier('Bloom')),
            (2, 'supplier_id', tests.supplier('Bloom')),
            (3, 'supplier_id', tests.supplier('Bloom')), (4, 'id', tests.supplier('Bloom')),
            (5, 'couple_id', tests.couple('Ann and Bob')), (6, 'id', tests.couple('Ann and Bob'))
        ) as v (position, key, tenant)
        order by v.position
    $$,
    'realtime_subscribe: postgresChanges filters by the column of the table'
);
select is_empty(
    $$
        select s ->> 'channel'
        from jsonb_array_elements(current_setting('tests.first')::jsonb -> 'subscriptions') as s
        where
            s ->> 'channel' !~ format(
                '^%s-%s-[0-9]{13}$', s ->> 'name', tests.supplier_user(tests.supplier('Bloom'))
            )
    $$,
    'realtime_subscribe: a channel id is <name>-<user id>-<epoch ms>'
);
select is(
    public.realtime_subscribe(array['core-fields'], jsonb_build_object(
        'couple_id', tests.couple('Ann and Bob')
    )) ->> 'code',
    'forbidden_channel',
    'realtime_subscribe: a supplier may not hear core-fields, not even of a linked couple'
);
select is(
    public.realtime_subscribe(array['wedding-details'], jsonb_build_object(
        'wedding_id', tests.couple('Ann and Bob')
    )) #>> '{subscriptions,0,topic}',
    'wedding-details:' || tests.couple('Ann and Bob'),
    'realtime_subscribe: a couple id stands for its wedding'
);
-- Write

insert into public.form_responses (id, supplier_id, status, form_name)
values
    (tests.id('form', 'draft'), tests.supplier('Bloom'), 'draft', 'menu'),
    (tests.id('form', 'sent'), tests.supplier('Bloom'), 'submitted', 'menu');
update public.form_responses set status = 'submitted'
where id = tests.id('form', 'draft');
update public.form_responses set form_name = 'cake'
where id = tests.id('form', 'draft');
delete from public.form_responses
where id = tests.id('form', 'draft');
insert into public.journey_progress (id, supplier_id, status)
values
    (tests.id('step', 'open'), tests.supplier('Bloom'), 'pending'),
    (tests.id('step', 'done'), tests.supplier('Bloom'), 'completed');
update public.journey_progress set status = 'completed'
where id = tests.id('step', 'open');
update public.journey_progress set milestone = 'tasting'
where id = tests.id('step', 'open');
update public.journey_progress set status = 'pending'
where id = tests.id('step', 'open');
delete from public.journey_progress
where id = tests.id('step', 'open');
insert into public.clients (supplier_id, full_name) values (tests.supplier('Bloom'), 'Cy');
update public.clients set full_name = 'Cyd'
where full_name = 'Cy';
delete from public.clients
where full_name = 'Cyd';
update public.suppliers set business_name = 'Bloom & Co'
where id = tests.supplier('Bloom');

select tests.become_superuser();
select results_eq(
    $$
        select format('%s %s', c.name, e.operation), e.event
        from wedsync_realtime.events as e
        inner join wedsync_realtime.channels as c on c.id = e.channel_id
        order by e.id
    $$,
    $$
        values
            ('form-responses I', 'form_response.updated'),
            ('form-responses I', 'form_response.submitted'),
            ('form-responses U', 'form_response.submitted'),
            ('form-responses U', 'form_response.updated'),
            ('form-responses D', 'form_response.deleted'),
            ('journey-progress I', 'milestone.updated'),
            ('journey-progress I', 'milestone.completed'),
            ('journey-progress U', 'milestone.completed'),
            ('journey-progress U', 'milestone.updated'),
            ('journey-progress U', 'milestone.reopened'),
            ('journey-progress D', 'milestone.deleted'),
            ('client-profiles I', 'client.created'),
            ('client-profiles U', 'client.updated'),
            ('client-profiles D', 'client.removed'),
            ('supplier-profile U', 'supplier.updated')
    $$,
    'dispatch: each change of a supplier''s row is named by the rules'
);
select results_eq(
    $$
        select e.new ->> 'form_name', e.old ->> 'form_name', e.changed
        from wedsync_realtime.events as e
        where e.new ->> 'form_name' = 'cake' or e.old ->> 'form_name' = 'cake'
        order by e.id
    $$,
    $$ values ('cake', 'menu', array['form_name']), (null, 'cake', null) $$,
    'dispatch: an update carries the row before and after and what changed, a delete the row before'
);

-- Read

select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select results_eq(
    $$ select w.id from public.wedding_details as w $$,
    $$ select tests.id('wedding', 'Ann and Bob') $$,
    'wedding_details: a supplier reads those of linked couples and no other'
);
select throws_ok(
    $$
        insert into public.clients (supplier_id, couple_id)
        values (tests.supplier('Bloom'), null)
    $$,
    '42501', 'permission denied for table clients',
    'clients: a supplier may not write the couple that a link opens'
);
select throws_ok(
    $$ insert into public.form_responses (supplier_id) values (tests.supplier('Petal')) $$,
    '42501', 'new row violates row-level security policy for table "form_responses"',
    'form_responses: a supplier may not write for another'
);

select * from finish();
rollback;
