-- application: access of suppliers and couples to the reference tables, and to no table of the
-- application's own. clients: nobody writes couple_id, because a link is what opens a couple's
-- wedding to a supplier.

do $$
declare
    v_table text;
    v_writes text;
begin
    for v_table, v_writes in
        select d.name, d.writes
        from (values
            ('suppliers', 'update (business_name)'),
            ('couples', 'update (display_name, wedding_date)'),
            ('clients', 'insert (supplier_id, full_name, status, profile), '
                'update (full_name, status, profile), delete'),
            ('form_responses', 'insert, update, delete'),
            ('journey_progress', 'insert, update, delete'),
            ('core_fields', 'insert, update, delete'),
            ('wedding_details', 'insert, update, delete')
        ) as d (name, writes)
        where obj_description(to_regclass('public.' || d.name)) like 'Reference form%'
    loop
        execute format('revoke all on public.%I from anon, authenticated', v_table);
        execute format('grant select, %s on public.%I to authenticated', v_writes, v_table);
        perform wedsync_realtime.protect_table(format('public.%I', v_table)::regclass);
    end loop;

    if obj_description(to_regclass('public.user_profiles')) like 'Reference form%' then
        revoke all on public.user_profiles from anon, authenticated;
        grant select on public.user_profiles to authenticated;
        perform wedsync_realtime.ensure_policy(
            'public.user_profiles', 'user_profiles_select_user',
            'for select to authenticated using (id = (select auth.uid()))',
            'Users read their own profile.'
        );
    end if;
end
$$;
