-- A season's suppliers with leases, written as rows: so many of them by RPC would take minutes.

create function tests.business_name(number integer)
    returns text
    language sql
    immutable
begin atomic
    select
        (array[
            'Bloom', 'Lens & Light', 'Velvet', 'Harbour', 'Golden Hour', 'Wildflower', 'Ivory',
            'Copper Kettle', 'Northern', 'Orchard', 'Silk & Stem', 'Evergreen', 'Maison Claire',
            'Blue Door', 'Saltwater', 'Fern & Fable', 'Juniper', 'Rosewood', 'Starling',
            'Willow Creek', 'Café Étoile', 'Marigold', 'Whitestone', 'Linden', 'Peony'
        ])[1 + number % 25]
        || ' '
        || (array[
            'Flowers', 'Photography', 'Catering', 'Films', 'Venues', 'Events', 'Strings',
            'Stationery', 'Cakes', 'Bridal', 'Lighting', 'Marquees', 'Bakery', 'Weddings',
            'Transport', 'Décor', 'Jewellery', 'Planning', 'Music', 'Styling'
        ])[1 + number / 25 % 20]
        || case when number >= 500 then ' ' || number else '' end;
end;

-- Suppliers 1 to n: the first is at its limit of 1,000, the next ones below it, less and less.
create function tests.season(suppliers integer)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.suppliers (id, business_name)
    select tests.id('season', n::text), tests.business_name(n)
    from generate_series(1, suppliers) as n;

    -- four users a supplier hold all its leases, on connections of their own
    insert into auth.users (id)
    select tests.id('season user', n || '.' || u)
    from generate_series(1, suppliers) as n, generate_series(1, 4) as u;
    insert into public.user_profiles (id, user_type, supplier_id)
    select tests.id('season user', n || '.' || u), 'supplier', tests.id('season', n::text)
    from generate_series(1, suppliers) as n, generate_series(1, 4) as u;

    insert into wedsync_realtime.topics (channel_id, tenant_id, is_ready)
    select c.id, tests.id('season', n::text), true
    from wedsync_realtime.channels as c, generate_series(1, suppliers) as n
    where c.supplier_authoriser = 'own_supplier';

    insert into public.realtime_subscriptions (
        user_id, connection_id, channel_id, channel_name, table_name, topic_id, since, tenant_id
    )
    select
        u.id, tests.id('season connection', n || '.' || k),
        c.name || '-' || u.id || '-' || 1700000000000 + k,
        c.name, c.table_name, t.id, pg_current_snapshot(), tests.id('season', n::text)
    from generate_series(1, suppliers) as n
    cross join wedsync_realtime.channels as c
    inner join wedsync_realtime.topics as t
        on t.channel_id = c.id and t.tenant_id = tests.id('season', n::text)
    cross join generate_series(1, greatest(1, 250 / n)) as k
    cross join lateral (select tests.id('season user', n || '.' || 1 + k % 4) as id) as u
    where c.supplier_authoriser = 'own_supplier';
end
$$;
