-- What a new store starts with. Runs once, after the whole of store_schema.sql.

insert into {{schema}}.store_settings (store_id, display_name, order_prefix, business_hours, delivery_zones, welcome_message, footer_note) values
    ({{store_key}}, {{store_name}}, 'PED',
     '{"lun-vie": ["09:00", "18:00"], "sáb": ["10:00", "14:00"], "dom": null}',
     '{"Toda la república"}',
     '¡Hola! 👋 Gracias por escribir a ' || {{store_name}} || E'.\n¿En qué te podemos ayudar?',
     'Precios con IVA incluido.');

-- Nobody can sign in with this hash; the owner sets a password from the invitation.
insert into {{schema}}.users (store_id, full_name, email, role, notify_via, password_hash) values
    ({{store_key}}, 'Administración', 'admin+' || {{store_key}} || '@tienda.example', 'owner', '{web,email}', '!');

-- Placeholders for the two lines that every plan has; off until a number is verified.
insert into {{schema}}.whatsapp_settings (store_id, line_name, phone, phone_number_id, token_ref, daily_limit, options, is_active) values
    ({{store_key}}, 'ventas', '+520000000001', 0, 'vault:whatsapp/' || {{store_key}} || '/1', 250, '{"plantilla_bienvenida": "bienvenida_v1", "marcar_leído": true}', false),
    ({{store_key}}, 'atención a clientes', '+520000000002', 0, 'vault:whatsapp/' || {{store_key}} || '/2', 250, '{"plantilla_bienvenida": "bienvenida_v1", "marcar_leído": true}', false);

insert into {{schema}}.auto_responses (store_id, name, keywords, match_kind, response, priority) values
    ({{store_key}}, 'Saludo', '{hola,"buenos días","buenas tardes","qué tal"}', 'starts',
     E'¡Hola! 😊 Gracias por escribirnos.\n¿Qué producto te interesa?', 10),
    ({{store_key}}, 'Horario', '{horario,"a qué hora",abren}', 'contains',
     E'Nuestro horario:\n• Lunes a viernes: 9:00–18:00\n• Sábado: 10:00–14:00', 20),
    ({{store_key}}, 'Formas de pago', '{pago,tarjeta,oxxo,transferencia}', 'contains',
     'Aceptamos efectivo, tarjeta, transferencia y depósito en OXXO 💳', 30),
    ({{store_key}}, 'Envíos', '{envío,envían,guía,"cuánto tarda"}', 'contains',
     'El envío tarda de 2 a 5 días hábiles. Te mandamos tu número de guía por aquí 📦', 30),
    ({{store_key}}, 'Fuera de horario', '{}', 'fallback',
     'Por el momento no estamos; te respondemos en cuanto abramos. ¡Gracias por tu paciencia! 🙏', 900);

-- Monday to Friday and Saturday, in minutes since Monday 00:00.
insert into {{schema}}.assignment_rules (store_id, user_id, name, week_minutes, priority)
select {{store_key}}, u.id, r.name, r.week_minutes, r.priority
  from {{schema}}.users u
 cross join (values
       ('Entre semana', int4range(0, 5 * 1440), 10),
       ('Sábado', int4range(5 * 1440, 6 * 1440), 20)) r (name, week_minutes, priority)
 where u.role = 'owner';
