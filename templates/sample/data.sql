-- Data for the sample application: 90 stores, about 120,000 rows.
--
-- Plain SQL, deterministic: no random(), no now(); every choice is a hash of the
-- store and the row's number. Loading it twice gives the same rows.
-- Needs the tables of shared.sql, empty. May run as one script or one statement
-- at a time, in one session.
--
-- The number of rows of each store and table is governed by sample_sizes alone.
-- Change a number there and the reports change with it. What must hold:
--   users >= 1 where there are notifications or assignment rules
--   customers >= 1 where there are conversations, orders, history or carts
--   conversations >= 1 where there are messages; orders >= 1 where there are items
--   products >= 1 and shopping_cart <= products * customers where there are carts

-- compiling takes longer than these statements
set jit = off;

create temporary table sample_sizes (
    store_id integer primary key,
    name text not null,
    trade text not null,
    plan text not null,
    is_active boolean not null,
    products integer not null,
    customers integer not null,
    orders integer not null,
    auto_responses integer not null,
    order_items integer not null,
    conversations integer not null,
    messages integer not null,
    users integer not null,
    store_settings integer not null check (store_settings <= 1),
    whatsapp_settings integer not null,
    notifications integer not null,
    assignment_rules integer not null,
    customer_history integer not null,
    shopping_cart integer not null,
    whatsapp_logs integer not null
);

insert into sample_sizes values
--    id  name                               trade          plan     active  prod cust  ord resp item conv   msgs user  set  wa noti rule hist cart   logs
    ( 4, 'PECADORES ANONIMOS',              'hogar',       'pro',   true,     2,    8,    4,   32,    7,    8,    87,   4,   1,   4,    7,   6,    0,    0, 14737),
    ( 5, 'Abarrotes Doña Lupita',           'abarrotes',   'free',  true,     8,    6,    2,   16,    5,    8,    66,   2,   1,   3,    9,   4,    4,    0,    45),
    ( 6, 'Ferretería El Tornillo Feliz',    'ferreteria',  'free',  true,     4,   11,    2,   17,    3,   10,    60,   2,   1,   4,    8,   3,    1,    0,    28),
    ( 7, 'Boutique Niña Bonita',            'ropa',        'free',  true,     8,   13,    3,   16,    3,   15,   147,   3,   1,   4,   10,   3,   10,    3,    14),
    ( 8, 'Cafetería La Ñapa',               'abarrotes',   'free',  true,    10,   12,    1,   20,    1,   11,    84,   2,   1,   4,    3,   5,   22,    5,    21),
    ( 9, 'Papelería Colón',                 'papeleria',   'free',  true,    14,    5,    1,   22,    1,    5,    50,   2,   1,   3,    8,   5,    0,    1,    30),
    (10, 'Mascotas y Compañía',             'mascotas',    'free',  true,    11,   12,    2,    6,    5,   17,   182,   4,   1,   2,    8,   2,    0,    5,    35),
    (11, 'Muebles Rústicos de Tonalá',      'hogar',       'basic', true,    49,   48,   30,   20,   47,   63,   253,   3,   1,   1,   34,   6,    0,    0,   949),
    (12, 'Dulcería "La Piñata"',            'abarrotes',   'pro',   true,   240,  183,  166,    5,  430,  167,  1325,  13,   1,   4,  183,   0,    0,   55,  7028),
    (13, 'Electrónica Güemes',              'electronica', 'basic', true,    25,   18,   12,    9,   32,   15,    91,   3,   1,   1,   21,   7,   28,    2,   380),
    (14, 'Farmacia San José',               'belleza',     'basic', true,    18,   12,   10,    8,   18,   17,   186,   3,   1,   4,   14,   4,    0,    1,   256),
    (15, 'Zapatería Andrómeda',             'ropa',        'free',  true,    10,    8,    2,    4,    5,   10,    58,   2,   1,   2,    6,   1,    7,    0,    60),
    (16, 'Vivero Los Ahuehuetes',           'hogar',       'basic', true,     8,   14,    4,    7,   10,   19,   207,   4,   1,   1,    9,   7,    0,    6,    36),
    (17, 'Óptica Visión Clara',             'belleza',     'free',  true,    12,   13,    2,   31,    4,   13,   141,   3,   1,   2,    3,   2,    0,    0,    43),
    (18, 'Refaccionaria Ibáñez',            'ferreteria',  'free',  true,     9,    9,    3,   27,    3,   11,    93,   2,   1,   3,    8,   2,    0,    4,     9),
    (19, 'Panadería El Buen Sazón',         'abarrotes',   'pro',   true,   131,  114,   82,   15,  167,  103,   825,   7,   1,   1,   97,   3,    0,    0,  3354),
    (20, 'Joyería Plata de Taxco',          'ropa',        'free',  true,    15,    7,    2,   29,    3,    9,    50,   3,   1,   4,   10,   6,    0,    1,    14),
    (21, 'Estética Canina Firuláis',        'mascotas',    'free',  true,     9,   11,    2,   13,    3,   14,   149,   4,   1,   1,   10,   1,   21,    0,    30),
    (22, 'Librería Sor Juana',              'papeleria',   'basic', true,    44,   39,   26,   13,   59,   51,   374,   5,   1,   1,   31,   1,   73,   15,   958),
    (23, 'Colchones Sueño Profundo',        'hogar',       'basic', true,    26,   26,   10,   11,   24,   21,   114,   3,   1,   1,   15,   0,    0,    0,   495),
    (24, 'Deportes Peña Nevada',            'ropa',        'basic', true,    26,   21,   13,    4,   35,   26,   234,   4,   1,   3,   22,   2,    6,    0,   267),
    (25, 'Tortillería Tres Hermanos',       'abarrotes',   'basic', true,    15,   17,    8,   14,   14,   24,   210,   3,   1,   3,   14,   0,    0,    0,   322),
    (26, 'Celulares y Más Anáhuac',         'electronica', 'free',  true,    16,    6,    2,   15,    2,    5,    28,   2,   1,   4,    9,   6,    2,    0,    72),
    (27, 'Mezcalería El Último Trago',      'abarrotes',   'pro',   true,   240,  470,  242,   34,  550,  573,  3317,  24,   1,   3,  271,   1,    0,    0, 15274),
    (28, 'Cosméticos Azalea',               'belleza',     'free',  true,    16,    7,    3,    6,    8,    8,    51,   2,   1,   2,   10,   3,    9,    2,    69),
    (29, 'Pinturas del Bajío',              'ferreteria',  'basic', true,    11,    7,    4,    4,    6,    5,    53,   4,   1,   1,   11,   2,    3,    0,   243),
    (30, 'Artesanías Xochipilli',           'hogar',       'basic', true,    14,   21,    7,   22,   20,   17,   157,   4,   1,   3,   10,   6,    9,    5,   191),
    (31, 'Carnicería Los Compadres',        'abarrotes',   'basic', true,    29,   32,   17,   21,   32,   46,   425,   2,   1,   3,   26,   1,   16,   14,   207),
    (32, 'Uniformes Martínez e Hijos',      'ropa',        'basic', true,    30,   26,   18,   11,   50,   32,   184,   3,   1,   4,   24,   0,   51,    4,   609),
    (33, 'Acuario Mundo Marino',            'mascotas',    'free',  true,     6,   10,    2,    5,    4,   10,   103,   2,   1,   2,    4,   3,   11,    0,    32),
    (34, 'Cocinas Integrales Núñez',        'hogar',       'basic', true,    21,   14,    4,    7,    9,   20,    86,   2,   1,   2,    8,   7,    5,    3,   148),
    (35, 'Videojuegos Nivel 99',            'electronica', 'basic', true,    18,   15,    7,   18,   17,   19,    81,   2,   1,   3,   11,   3,   25,    0,   181),
    (36, 'Florería Jazmín',                 'hogar',       'free',  true,    14,    8,    3,    5,    5,   11,   119,   2,   1,   1,    4,   3,   11,    2,    83),
    (37, 'Imprenta Rápida O''Farrill',      'papeleria',   'free',  true,    10,   11,    3,   12,    6,   10,    64,   2,   1,   4,   10,   0,    0,    0,    34),
    (38, 'Perfumes Importados Chloé',       'belleza',     'pro',   true,   176,  151,   89,   15,  118,  183,   938,  12,   1,   1,  100,   5,  218,   37,  5556),
    (39, 'Herrería Artística Acuña',        'ferreteria',  'free',  true,    10,    9,    3,   14,    5,    8,    49,   4,   1,   3,    8,   5,    6,    2,   129),
    (40, 'Ropa de Bebé Chiquitín',          'ropa',        'free',  true,     7,    5,    2,    7,    3,    4,    20,   4,   1,   2,   10,   5,    0,    2,    80),
    (41, 'Miel y Cera Kinich',              'abarrotes',   'basic', false,   54,   39,   21,   22,   42,   38,   382,   4,   1,   4,   31,   0,    0,    9,  1219),
    (42, 'Cómputo Querétaro',               'electronica', 'basic', true,    23,   30,   14,   16,   18,   25,   174,   3,   1,   3,   18,   2,   55,    0,   557),
    (43, 'Bazar Ánimas',                    'hogar',       'free',  true,     9,   14,    4,   16,    5,   16,   122,   3,   1,   2,   12,   0,    0,    3,    88),
    (44, 'Veterinaria Huellitas',           'mascotas',    'free',  true,     6,   12,    3,    4,    4,   13,   105,   4,   1,   1,    5,   0,    0,    2,    35),
    (45, 'Mercería La Madeja',              'papeleria',   'basic', true,    31,   46,   22,    5,   35,   53,   443,   3,   1,   4,   32,   3,   54,   14,   615),
    (46, 'Tacos El Güero a Domicilio',      'abarrotes',   'basic', true,    13,    9,    4,   21,    6,    9,    49,   3,   1,   3,    9,   2,   15,    0,   168),
    (47, 'Iluminación LED Mérida',          'electronica', 'basic', true,    24,   23,   15,   18,   31,   34,   147,   3,   1,   2,   19,   5,    0,    3,   742),
    (48, 'Barbería Don Chuy',               'belleza',     'basic', true,    29,   22,    9,   31,   13,   22,   150,   3,   1,   2,    9,   3,    0,    4,   538),
    (49, 'Plomería Exprés Zúñiga',          'ferreteria',  'free',  true,     8,    8,    4,   29,    8,   10,   105,   3,   1,   1,    6,   1,    8,    0,    81),
    (50, 'Trajes Típicos Oaxaca',           'ropa',        'free',  true,     6,   12,    3,   29,    8,   13,    89,   3,   1,   3,    4,   5,    0,    0,    55),
    (51, 'Quesos Artesanales Ocosingo',     'abarrotes',   'basic', true,    20,   14,    5,   25,   11,   19,   198,   3,   1,   1,   13,   0,   21,    0,    35),
    (52, 'Regalos & Detalles Mónica',       'papeleria',   'pro',   true,    99,   89,   64,   35,  177,   85,   601,   8,   1,   1,   70,   6,    0,   34,  2730),
    (53, 'Blancos y Cortinas Peñón',        'hogar',       'free',  true,     8,    8,    4,   35,    8,    7,    60,   3,   1,   2,   10,   7,    8,    0,    76),
    (54, 'Tecnología Íntegra',              'electronica', 'free',  true,     5,   11,    2,   33,    3,   10,    85,   2,   1,   1,    6,   2,   18,    0,    15),
    (55, 'Alimento Balanceado El Potrillo', 'mascotas',    'free',  true,    10,    9,    2,   18,    2,    8,    56,   4,   1,   2,    9,   1,    2,    3,    69),
    (56, 'Pastelería Tía Chelo',            'abarrotes',   'basic', true,    18,   15,    9,   11,   14,   17,   116,   2,   1,   3,   13,   4,   25,    5,   432),
    (57, 'Jabones Naturales Lavándula',     'belleza',     'free',  true,    11,    6,    2,   13,    3,    5,    52,   4,   1,   1,    9,   6,    4,    0,    28),
    (58, 'Maderas y Tableros Pátzcuaro',    'ferreteria',  'free',  true,     4,   10,    2,   19,    4,   11,    77,   4,   1,   4,    6,   4,    5,    0,    43),
    (59, 'Bolsas y Carteras Ximena',        'ropa',        'basic', true,    19,    9,    6,   12,   16,    8,    85,   4,   1,   4,    8,   3,    1,    0,   179),
    (60, 'Juguetería El Trompo',            'papeleria',   'free',  true,     6,   11,    3,   11,    3,   13,    76,   2,   1,   2,    7,   6,   20,    2,    27),
    (61, 'Climas y Refrigeración Sonora',   'electronica', 'pro',   true,   240,  391,  248,   14,  655,  573,  4259,  17,   1,   2,  277,   0,    0,  114,  6709),
    (62, 'Vinos y Licores La Cava',         'abarrotes',   'free',  true,    14,    8,    4,    8,    7,   10,    92,   3,   1,   3,   11,   7,    2,    0,   118),
    (63, 'Cerámica Dolores Hidalgo',        'hogar',       'free',  true,    13,   15,    3,    4,    4,   19,   175,   2,   1,   3,    5,   6,    5,    1,    37),
    (64, 'Uñas y Pestañas Zoé',             'belleza',     'free',  true,    15,    7,    3,   17,    5,    6,    40,   3,   1,   4,    3,   0,    0,    2,   101),
    (65, 'Tlapalería La Güera',             'ferreteria',  'basic', true,    56,   53,   40,   30,   51,   70,   463,   6,   1,   4,   49,   3,   38,   11,  1071),
    (66, 'Lencería Seducción',              'ropa',        'free',  true,    11,    9,    3,   10,    8,   12,    85,   3,   1,   3,    5,   2,   16,    0,    17),
    (67, 'Chiles Secos Doña Queta',         'abarrotes',   'free',  true,    12,    7,    4,   30,    9,   10,    54,   2,   1,   4,    8,   7,   11,    0,    71),
    (68, 'Audio y Video Cancún',            'electronica', 'free',  true,    10,   10,    3,   20,    7,   11,   111,   4,   1,   3,   11,   7,    0,    1,    31),
    (69, 'Pets & Love Saltillo',            'mascotas',    'basic', true,     8,   12,    4,   21,    5,   13,   104,   2,   1,   4,   10,   1,    0,    3,   172),
    (70, 'Decoración Minimal Polanco',      'hogar',       'free',  true,    15,    8,    2,   32,    2,   10,    99,   3,   1,   1,   10,   3,   10,    0,    45),
    (71, 'Cuadernos y Sueños',              'papeleria',   'free',  true,    13,   12,    3,   13,    5,   15,   125,   3,   1,   3,    6,   3,    0,    5,    11),
    (72, 'Masajes Relájate',                'belleza',     'basic', true,    21,   20,    8,   24,   17,   25,   170,   3,   1,   3,   10,   4,    8,    6,   194),
    (73, 'Soldadura Industrial Ávila',      'ferreteria',  'free',  true,     7,    5,    3,   33,    5,    4,    42,   2,   1,   1,    8,   2,    0,    0,    87),
    (74, 'Sombreros Tardan Chico',          'ropa',        'basic', true,    14,   15,    4,   30,    9,   19,   100,   4,   1,   3,    6,   4,   23,    0,    70),
    (75, 'Café de Altura Coatepec',         'abarrotes',   'pro',   true,   150,  195,  122,   23,  185,  254,  1740,  10,   1,   1,  136,   3,  130,   29,  3121),
    (76, 'Drones del Pacífico',             'electronica', 'basic', true,    31,   42,   20,   17,   34,   34,   240,   5,   1,   3,   24,   1,   57,    2,   788),
    (77, 'Hamacas Yucatecas Nicté',         'hogar',       'free',  true,    14,    6,    2,   21,    5,    5,    21,   3,   1,   3,    9,   7,   10,    2,    44),
    (78, 'Mundo Reptil',                    'mascotas',    'free',  true,    15,    5,    2,    8,    3,    5,    29,   2,   1,   3,    6,   0,    0,    0,    68),
    (79, 'Arte y Óleo Ramírez',             'papeleria',   'free',  true,    13,    7,    2,   24,    4,    7,    70,   4,   1,   4,    2,   3,    0,    1,    36),
    (80, 'Spa Cítrico',                     'belleza',     'basic', true,    20,   13,   11,   17,   17,   12,    83,   3,   1,   1,   18,   4,    0,    4,   348),
    (81, 'Herramientas Nicolás',            'ferreteria',  'basic', true,     8,   11,    6,   14,   11,   14,    65,   2,   1,   2,    8,   1,   16,    2,   184),
    (82, 'Jeans Los Ángeles',               'ropa',        'free',  true,    15,    7,    3,    8,    7,    7,    53,   3,   1,   2,    9,   7,   10,    2,    45),
    (83, 'Nieves de Garrafa Comonfort',     'abarrotes',   'free',  true,    16,    8,    3,   31,    4,    7,    55,   3,   1,   3,    5,   5,   12,    3,    47),
    (84, 'Reparación de Laptops Ñandú',     'electronica', 'free',  true,     6,    8,    2,    5,    4,    9,    57,   4,   1,   4,    6,   3,    0,    0,    58),
    (85, 'Alfombras Temoaya',               'hogar',       'free',  true,     9,    9,    3,   13,    6,    8,    75,   2,   1,   1,   11,   3,   11,    4,    93),
    (86, 'Peluches Abracitos',              'papeleria',   'free',  true,    10,   11,    2,   10,    5,   11,    67,   2,   1,   2,    6,   6,   15,    2,    34),
    (87, 'Botanas El Chapulín',             'abarrotes',   'basic', true,    12,   12,    6,   22,   11,   16,   121,   2,   1,   4,   12,   7,   10,    0,   197),
    (88, 'Dermacosmética Inés',             'belleza',     'basic', true,    40,   33,   14,   30,   36,   44,   340,   4,   1,   2,   18,   4,   36,    5,   592),
    (89, 'Tornillos y Birlos Ordóñez',      'ferreteria',  'basic', true,    36,   43,   23,   10,   38,   56,   389,   5,   1,   2,   25,   1,    8,    0,  1309),
    (90, 'Tenis Originales MX',             'ropa',        'free',  true,     3,    0,    0,    4,    0,    0,     0,   2,   1,   1,    0,   0,    0,    0,     0),
    (91, 'Huertos Urbanos Tláloc',          'hogar',       'basic', true,    20,   14,    8,    5,   11,   15,   129,   2,   1,   4,   15,   4,    0,    1,   263),
    (92, 'Gatitos Café',                    'mascotas',    'basic', true,    63,   53,   35,   15,   98,   61,   351,   6,   1,   4,   39,   0,    0,    0,  1220),
    (93, 'Tienda de prueba (no usar)',      'electronica', 'free',  false,    0,    0,    0,    0,    0,    0,     0,   1,   1,   0,    0,   0,    0,    0,     0);

-- log lines whose webhook named a line that no store has (store_id is NULL)
create temporary table sample_unowned (whatsapp_logs integer not null);
insert into sample_unowned values (200);

-- products whose name and price are given rather than generated
create temporary table sample_fixed_products (store_id integer, n integer, name text, price numeric(12, 2), primary key (store_id, n));
insert into sample_fixed_products values
    (4, 1, 'AIRE ACONDICIONADO CETRON MCI24CDBWCC32', 49410.00),
    (4, 2, 'PLANTA NATURAL GARDEN POL ZAMIA', 714.00);

-- what the other stores sell
create temporary table sample_catalogue (trade text, k integer, name text, price numeric(12, 2), tags text[], primary key (trade, k));
insert into sample_catalogue values
    ('abarrotes',   0, 'Café molido de altura 500 g',       189.00,  '{café,bebidas}'),
    ('abarrotes',   1, 'Chile ancho seco 1 kg',             240.50,  '{chiles,"a granel"}'),
    ('abarrotes',   2, 'Miel de abeja multifloral',         135.00,  '{miel,orgánico}'),
    ('abarrotes',   3, 'Tortillas de maíz azul',             38.00,  '{maíz,"del día"}'),
    ('abarrotes',   4, 'Piñata de siete picos',             320.00,  '{fiesta}'),
    ('abarrotes',   5, 'Mezcal joven espadín 750 ml',       465.00,  '{bebidas,"18+"}'),
    ('ropa',        0, 'Huipil bordado a mano',            1250.00,  '{bordado,artesanal}'),
    ('ropa',        1, 'Pantalón de mezclilla',             599.00,  '{dama,caballero}'),
    ('ropa',        2, 'Rebozo de Santa María',            2380.00,  '{artesanal,seda}'),
    ('ropa',        3, 'Playera de algodón niño',           149.90,  '{niños}'),
    ('ropa',        4, 'Cinturón piteado',                 1890.00,  '{piel}'),
    ('ropa',        5, 'Tenis para correr',                1349.00,  '{calzado,oferta}'),
    ('hogar',       0, 'Hamaca yucateca matrimonial',       980.00,  '{jardín,descanso}'),
    ('hogar',       1, 'Colchón ortopédico',               5499.00,  '{recámara}'),
    ('hogar',       2, 'Juego de sábanas 300 hilos',        749.00,  '{recámara,algodón}'),
    ('hogar',       3, 'Maceta de barro 12"',               165.00,  '{jardín,barro}'),
    ('hogar',       4, 'Lámpara de pie nórdica',           1199.00,  '{}'),
    ('hogar',       5, 'Vajilla de talavera 20 piezas',    3650.00,  '{cocina,artesanal}'),
    ('electronica', 0, 'Audífonos inalámbricos',            699.00,  '{audio,oferta}'),
    ('electronica', 1, 'Teclado mecánico en español (Ñ)',  1590.00,  '{cómputo}'),
    ('electronica', 2, 'Cargador rápido 65 W',              449.00,  '{celulares}'),
    ('electronica', 3, 'Minisplit inverter 1 tonelada',    9899.00,  '{clima}'),
    ('electronica', 4, 'Pantalla 55" 4K',                 10999.00,  '{video,"envío gratis"}'),
    ('electronica', 5, 'Dron plegable con cámara',         7450.00,  '{}'),
    ('belleza',     0, 'Crema de caléndula',                175.00,  '{piel}'),
    ('belleza',     1, 'Shampoo sólido de romero',          120.00,  '{cabello,vegano}'),
    ('belleza',     2, 'Agua de colonia de azahar',         410.00,  '{perfume}'),
    ('belleza',     3, 'Esmalte de uñas',                    65.00,  '{uñas}'),
    ('belleza',     4, 'Jabón artesanal de lavándula',       58.50,  '{jabón,vegano}'),
    ('belleza',     5, 'Protector solar FPS 50+',           289.00,  '{piel,farmacia}'),
    ('ferreteria',  0, 'Tornillo galvanizado 1/4" x 2"',      1.20,  '{tornillos,"a granel"}'),
    ('ferreteria',  1, 'Taladro percutor 1/2"',            1749.00,  '{herramienta}'),
    ('ferreteria',  2, 'Pintura vinílica blanca 19 L',     1385.00,  '{pintura}'),
    ('ferreteria',  3, 'Llave de nariz cromada',            142.00,  '{plomería}'),
    ('ferreteria',  4, 'Cable THW calibre 12, 100 m',      1920.00,  '{eléctrico}'),
    ('ferreteria',  5, 'Pala cuadrada puño "Y"',            259.00,  '{herramienta,jardín}'),
    ('papeleria',   0, 'Cuaderno profesional a cuadros',     42.00,  '{escuela}'),
    ('papeleria',   1, 'Estuche de 24 lápices de color',    118.00,  '{escuela,arte}'),
    ('papeleria',   2, 'Óleo extrafino azul añil',          210.00,  '{arte}'),
    ('papeleria',   3, 'Papel picado, tira de 5 m',          35.00,  '{fiesta}'),
    ('papeleria',   4, 'Peluche de ajolote',                265.00,  '{regalo,niños}'),
    ('papeleria',   5, 'Libro «Pedro Páramo»',              199.00,  '{libros}'),
    ('mascotas',    0, 'Croquetas para cachorro 10 kg',     845.00,  '{perros}'),
    ('mascotas',    1, 'Arena aglomerante 8 kg',            189.00,  '{gatos}'),
    ('mascotas',    2, 'Correa reforzada 1.5 m',            159.00,  '{perros,paseo}'),
    ('mascotas',    3, 'Acuario de 40 L',                  1290.00,  '{peces}'),
    ('mascotas',    4, 'Suéter para chihuahueño',           135.00,  '{perros,"temporada"}'),
    ('mascotas',    5, 'Rascador de sisal',                 560.00,  '{gatos}');

-- ---------------------------------------------------------------------------
-- helpers; they vanish with the session
-- ---------------------------------------------------------------------------

-- A number from 0 to m - 1. hashint8extended is the same from PostgreSQL 11 on.
create function pg_temp.h(n bigint, salt bigint, m bigint) returns integer
language sql immutable as $$ select ((hashint8extended(n, salt) & 9223372036854775807) % m)::integer $$;

-- one of the choices
create function pg_temp.pick(choices text[], n bigint, salt bigint) returns text
language sql immutable as $$ select choices[1 + pg_temp.h(n, salt, array_length(choices, 1))] $$;

-- step i of n on the way from a moment to another (default: when the data end)
create function pg_temp.between(a timestamptz, i bigint, n bigint, b timestamptz default '2025-07-03 18:00:00+00') returns timestamptz
language sql stable as $$ select a + (b - a) * (i::double precision / n) $$;

-- ---------------------------------------------------------------------------
-- common tables and the registry
-- ---------------------------------------------------------------------------

insert into public.schema_migrations (version, applied_at) values
    ('20250602091500_create_stores', '2025-06-02 15:15:00+00'),
    ('20250609103000_create_catalogue', '2025-06-09 16:30:00+00'),
    ('20250616120000_create_whatsapp', '2025-06-16 18:00:00+00'),
    ('20250627183000_stores_get_schema_name', '2025-06-28 00:30:00+00');

insert into public.currencies (code, name, symbol, decimals) values
    ('MXN', 'Peso mexicano', '$', 2),
    ('USD', 'Dólar estadounidense', 'US$', 2),
    ('EUR', 'Euro', '€', 2),
    ('COP', 'Peso colombiano', '$', 0);

insert into public.stores (id, name, slug, is_active, plan, created_at, updated_at)
select z.store_id,
       z.name,
       trim(both '-' from regexp_replace(translate(lower(translate(z.name, 'ÁÉÍÓÚÑÜ', 'AEIOUNU')), 'áéíóúñü', 'aeiounu'), '[^a-z0-9]+', '-', 'g')),
       z.is_active,
       z.plan,
       c.created_at,
       c.created_at
  from sample_sizes z
 cross join lateral (
       select timestamptz '2025-06-30 01:46:45.649213+00'
            + case when z.store_id = 4 then interval '0'
                   else interval '47 minutes' * (z.store_id - 4)
                      - interval '1 millisecond' * pg_temp.h(z.store_id, 1, 1800000)
                      + interval '1 microsecond' * pg_temp.h(z.store_id, 2, 300)
              end as created_at
       ) c
 order by z.store_id;

-- What follows is made in two steps: a working table with the store, the row's
-- number within the store (n) and its moment; the id is the place in time among
-- all stores, so that the stores' rows lie mixed as they do in real life.

create temporary table z as
select z.*, s.created_at as since from sample_sizes z join public.stores s on s.id = z.store_id;

analyze z;

create temporary table u as
select row_number() over (order by at, store_id, n)::integer as id, x.*
  from (select z.store_id, n, z.since, z.users, z.store_id * 1000000::bigint + n as k,
               z.since + interval '1 second' * (n * 97 - 90 + pg_temp.h(z.store_id * 1000000::bigint + n, 10, 60)) as at
          from z, generate_series(1, z.users) n) x;

create temporary table p as
select row_number() over (order by at, store_id, n)::integer as id, x.*
  from (select z.store_id, n, z.trade, z.store_id * 1000000::bigint + n as k,
               pg_temp.between(z.since, n, z.products * 4) as at
          from z, generate_series(1, z.products) n) x;

create temporary table c as
select row_number() over (order by at, store_id, n)::integer as id, x.*
  from (select z.store_id, n, z.store_id * 1000000::bigint + n as k,
               pg_temp.between(z.since, n * 10 + pg_temp.h(z.store_id * 1000000::bigint + n, 11, 9), z.customers * 20 + 20) as at
          from z, generate_series(1, z.customers) n) x;

analyze u;
analyze p;
analyze c;

create temporary table v as
select row_number() over (order by at, store_id, n)::integer as id, x.*
  from (select z.store_id, g as n, z.store_id * 1000000::bigint + g as k, z.users, z.messages, z.conversations, z.orders,
               c.id as customer_id, c.n as customer_n,
               pg_temp.between(c.at, 3 + pg_temp.h(z.store_id * 1000000::bigint + g, 12, 60), 100) as at
          from z
         cross join generate_series(1, z.conversations) g
          join c on c.store_id = z.store_id and c.n = (g - 1) % z.customers + 1) x;

analyze v;

create temporary table o as
select row_number() over (order by at, store_id, n)::integer as id,
       row_number() over (partition by store_id order by at, n) as number,
       x.*
  from (select z.store_id, g as n, z.store_id * 1000000::bigint + g as k, z.users, z.order_items,
               c.id as customer_id, v.id as conversation_id,
               pg_temp.between(coalesce(v.at, c.at), 5 + pg_temp.h(z.store_id * 1000000::bigint + g, 13, 40), 100) as at
          from z
         cross join generate_series(1, z.orders) g
          left join v on v.store_id = z.store_id and v.n = (g - 1) % nullif(z.conversations, 0) + 1
          join c on c.store_id = z.store_id and c.n = coalesce(v.customer_n, (g - 1) % z.customers + 1)) x;

analyze o;

-- The triggers stamp rows with the time of the load; they stay off meanwhile.
alter table public.conversations disable trigger user;
alter table public.orders disable trigger user;
alter table public.messages disable trigger user;

-- ---------------------------------------------------------------------------
-- users, settings, rules
-- ---------------------------------------------------------------------------

insert into public.users (id, store_id, manager_id, full_name, email, phone, role, notify_via, password_hash, is_active, last_login_at, created_at, updated_at)
select u.id, u.store_id,
       case when u.n > 1 then boss.id end,
       w.first || ' ' || w.last,
       lower(translate(w.first, 'ÁÉÍÓÚÑÜáéíóúñü ', 'AEIOUNUaeiounu.')) || '.' || u.n || '@' || s.slug || '.example',
       case when pg_temp.h(u.k, 22, 4) > 0 then '+52' || pg_temp.pick('{551,333,811,222}', u.k, 23) || lpad((1000000 + pg_temp.h(u.k, 24, 8999999))::text, 7, '0') end,
       case u.n when 1 then 'owner' when 2 then 'admin' else pg_temp.pick('{agent,agent,agent,viewer}', u.k, 25) end::public.user_role,
       pg_temp.pick(array['{web}', '{web,email}', '{whatsapp,push}', '{}', '{email}'], u.k, 26)::public.notification_channel[],
       'scrypt$' || md5('salt ' || u.k) || '$' || md5('hash ' || u.k),
       u.n <= 2 or pg_temp.h(u.k, 27, 9) > 0,
       case when pg_temp.h(u.k, 28, 5) > 0 then pg_temp.between(u.at, 50 + pg_temp.h(u.k, 29, 49), 100) end,
       u.at, u.at
  from u
  join public.stores s on s.id = u.store_id
  join u boss on boss.store_id = u.store_id and boss.n = case when u.n > 4 then 2 else 1 end
 cross join lateral (select
       pg_temp.pick('{Sofía,"José Luis",Begoña,Íñigo,"María Fernanda",Raúl,Ximena,Óscar,Lucía,"Ángel Tadeo",Guadalupe,Ñusta}', u.k, 20) as first,
       pg_temp.pick('{Muñoz,Peña,"Hernández Güemes",Ibáñez,Cárdenas,Núñez,"de la O",Yáñez,Sánchez,Treviño}', u.k, 21) as last) w
 order by u.id;

insert into public.store_settings (id, store_id, display_name, order_prefix, tax_rate, business_hours, delivery_zones, promotion_period, welcome_message, footer_note, created_at, updated_at)
select row_number() over (order by pg_temp.h(z.store_id, 30, 1000000), z.store_id), z.store_id,
       z.name,
       upper(left(replace(s.slug, '-', ''), 3)),
       case when pg_temp.h(z.store_id, 31, 6) = 0 then 0.08 else 0.16 end,
       jsonb_build_object('lun-vie', jsonb_build_array('09:00', '18:30'), 'sáb', jsonb_build_array('10:00', '14:00'), 'dom', null),
       pg_temp.pick(array['{Centro,Roma,Condesa}', '{"Zona Río",Otay}', '{}', '{"San Ángel","Coyoacán","Del Valle"}', '{"Toda la república"}'], z.store_id, 32)::text[],
       case pg_temp.h(z.store_id, 33, 3)
           when 0 then tstzrange('2025-07-01 06:00:00+00', '2025-07-16 06:00:00+00')
           when 1 then tstzrange('2025-07-01 06:00:00+00', null) end,
       case when pg_temp.h(z.store_id, 34, 5) > 0 then '¡Hola! 👋 Bienvenido a "' || z.name || E'".\n¿En qué te podemos ayudar hoy?' end,
       pg_temp.pick(array['', 'Precios con IVA incluido.', 'Envíos a todo México 🇲🇽'], z.store_id, 35),
       z.since, z.since
  from z join public.stores s on s.id = z.store_id
 where z.store_settings = 1
 order by 1;

insert into public.whatsapp_settings (id, store_id, line_name, phone, phone_number_id, token_ref, webhook_secret, daily_limit, options, is_active, created_at, updated_at)
select row_number() over (order by x.at, x.store_id, x.n), x.store_id,
       coalesce((array['ventas', 'atención a clientes', 'envíos', 'cobranza'])[x.n], 'línea ' || x.n),
       '+521' || pg_temp.pick('{551,333,811,222,998}', x.k, 40) || lpad((1000000 + pg_temp.h(x.k, 41, 8999999))::text, 7, '0'),
       100000000000000 + x.store_id * 1000 + x.n,
       'vault:whatsapp/' || x.store_id || '/' || x.n,
       case when pg_temp.h(x.k, 42, 4) > 0 then decode(md5('secret ' || x.k), 'hex') end,
       (array[250, 1000, 1000, 10000])[1 + pg_temp.h(x.k, 43, 4)],
       jsonb_build_object('plantilla_bienvenida', 'bienvenida_v' || (1 + pg_temp.h(x.k, 44, 3)), 'marcar_leído', pg_temp.h(x.k, 45, 2) = 1, 'firma', nullif(pg_temp.h(x.k, 46, 3), 0)),
       x.n = 1 or pg_temp.h(x.k, 47, 4) > 0,
       x.at, x.at
  from (select z.store_id, n, z.store_id * 1000000::bigint + n as k, z.since + interval '11 minutes' * n as at
          from z, generate_series(1, z.whatsapp_settings) n) x
 order by 1;

insert into public.auto_responses (id, store_id, name, keywords, match_kind, response, priority, times_used, is_active, created_at, updated_at)
select row_number() over (order by x.at, x.store_id, x.n), x.store_id,
       (array['Saludo', 'Horario', 'Ubicación', 'Formas de pago', 'Envíos', 'Devoluciones', 'Garantía', 'Facturación'])[w.i + 1]
           || case when x.n > 8 then ' ' || ((x.n - 1) / 8 + 1) else '' end,
       (array['{hola,"buenas tardes","qué tal"}', '{horario,"a qué hora"}', '{dónde,dirección,ubicación}', '{pago,tarjeta,oxxo,transferencia}', '{envío,"cuánto tarda",guía}', '{devolver,cambio}', '{garantía}', '{factura,rfc,"c.f.d.i."}'])[w.i + 1]::text[],
       case when w.i = 0 then 'starts' when pg_temp.h(x.k, 50, 9) = 0 then 'exact' when pg_temp.h(x.k, 51, 12) = 0 then 'fallback' else 'contains' end,
       (array[
           E'¡Hola {nombre}! 😊 Gracias por escribirnos.\n¿Qué producto te interesa?',
           E'Nuestro horario:\n• Lunes a viernes: 9:00–18:30\n• Sábado: 10:00–14:00\nDomingo cerrado 💤',
           'Estamos en Av. Insurgentes Sur #1234, Col. Del Valle (frente al "Parque Hundido") 📍',
           'Aceptamos efectivo, tarjeta, transferencia y depósito en OXXO. 3 MSI a partir de $3,000 💳',
           'El envío tarda de 2 a 5 días hábiles. Te mandamos tu número de guía por aquí 📦',
           E'Tienes 7 días para cambios; el producto debe venir en su empaque original.\n\nNo aplica en ropa íntima ni productos personalizados.',
           'La garantía es directa con el fabricante: C:\Garantías\póliza.pdf (pídela aquí mismo) 🛠️',
           'Para facturar mándanos tu constancia de situación fiscal, uso de CFDI y correo. ¡Gracias! 🧾'])[w.i + 1],
       (10 * (1 + pg_temp.h(x.k, 52, 10)))::smallint,
       pg_temp.h(x.k, 53, 900)::bigint * pg_temp.h(x.k, 54, 3),
       pg_temp.h(x.k, 55, 10) > 0,
       x.at, x.at
  from (select z.store_id, n, z.store_id * 1000000::bigint + n as k, pg_temp.between(z.since, n * 100 + pg_temp.h(z.store_id * 1000000::bigint + n, 56, 90), z.auto_responses * 300) as at
          from z, generate_series(1, z.auto_responses) n) x
 cross join lateral (select (x.n - 1) % 8 as i) w
 order by 1;

-- the week is shared out among the rules of a store; one in seven is switched off and covers all of it
insert into public.assignment_rules (id, store_id, user_id, name, keywords, week_minutes, priority, is_active, created_at, updated_at)
select row_number() over (order by x.at, x.store_id, x.n), x.store_id, u.id,
       'Turno ' || x.n || case when x.off then ' (suspendido)' else '' end,
       pg_temp.pick(array['{}', '{mayoreo,cotización}', '{queja,devolución}', '{factura}'], x.k, 60)::text[],
       case when x.off then int4range(0, 10080)
            else int4range((x.n - 1) * 10080 / x.assignment_rules, x.n * 10080 / x.assignment_rules) end,
       (10 * x.n)::smallint, not x.off,
       x.at, x.at
  from (select z.store_id, n, z.users, z.assignment_rules, z.store_id * 1000000::bigint + n as k,
               n % 7 = 4 as off, z.since + interval '1 hour' + interval '71 seconds' * n as at
          from z, generate_series(1, z.assignment_rules) n) x
  join u on u.store_id = x.store_id and u.n = (x.n - 1) % x.users + 1
 order by 1;

-- ---------------------------------------------------------------------------
-- products, customers
-- ---------------------------------------------------------------------------

insert into public.products (id, store_id, sku, name, description, price, currency_code, stock, tags, attributes, is_available, created_at, updated_at)
select p.id, p.store_id,
       upper(left(p.trade, 3)) || '-' || lpad(p.n::text, 5, '0'),
       coalesce(f.name, g.name || case when p.n > 6 then ', ' || pg_temp.pick('{"rojo óxido","azul añil","verde bandera",blanco,"café",negro}', p.k, 70) || ' ' || ((p.n - 1) / 6 + 1) else '' end),
       case pg_temp.h(p.k, 71, 5) when 0 then null when 1 then '' else
           pg_temp.pick(array['Hecho en México con materiales de primera.', E'Garantía de 1 año.\nEnvío gratis en pedidos mayores a $999.', 'Edición limitada: «últimas piezas»; pregunta por mayoreo.', 'Incluye instructivo en español e inglés, 100% original'], p.k, 72) end,
       coalesce(f.price, round(g.price * (80 + pg_temp.h(p.k, 73, 60)) / 100, 2)),
       case when f.name is null and pg_temp.h(p.k, 74, 25) = 0 then 'USD' else 'MXN' end,
       pg_temp.h(p.k, 75, 60) - pg_temp.h(p.k, 76, 3),
       case when f.name is null then g.tags else '{}' end,
       case pg_temp.h(p.k, 77, 4)
           when 0 then '{}'
           when 1 then jsonb_build_object('color', pg_temp.pick('{rojo,azul,"café"}', p.k, 78), 'peso_kg', round((1 + pg_temp.h(p.k, 79, 400)) / 10.0, 1))
           else jsonb_build_object('medidas', jsonb_build_array(10 + pg_temp.h(p.k, 80, 90), 10 + pg_temp.h(p.k, 81, 90), null), 'envío', jsonb_build_object('frágil', pg_temp.h(p.k, 82, 2) = 0)) end,
       f.name is not null or pg_temp.h(p.k, 83, 12) > 0,
       p.at, p.at
  from p
  left join sample_fixed_products f on f.store_id = p.store_id and f.n = p.n
  join sample_catalogue g on g.trade = p.trade and g.k = (p.n - 1) % 6
 order by p.id;

insert into public.customers (id, store_id, full_name, phone, email, address, tags, birthday, notes, created_at, updated_at)
select c.id, c.store_id,
       w.first || ' ' || w.last,
       '+52' || pg_temp.pick('{551,556,333,811,222,442,998,999,662,477}', c.k, 92) || lpad(((c.n * 7919 + c.store_id * 104729) % 10000000)::text, 7, '0'),
       case pg_temp.h(c.k, 93, 4) when 0 then null when 1 then '' else 'cliente' || c.n || '.' || c.store_id || '@correo.example' end,
       case when pg_temp.h(c.k, 94, 3) > 0 then jsonb_build_object(
           'calle', pg_temp.pick('{"Av. Juárez","Calle 5 de Mayo","Privada Ñandú","Blvd. Díaz Ordaz","Cda. del Niño"}', c.k, 95),
           'número', (1 + pg_temp.h(c.k, 96, 400))::text, 'interior', case when pg_temp.h(c.k, 97, 3) = 0 then 'Depto. "B"' end,
           'cp', lpad((1000 + pg_temp.h(c.k, 98, 90000))::text, 5, '0')) end,
       pg_temp.pick(array['{}', '{frecuente}', '{mayoreo,factura}', '{"no llamar"}', '{}'], c.k, 99)::text[],
       case when pg_temp.h(c.k, 100, 3) = 0 then date '1955-01-15' + pg_temp.h(c.k, 101, 18000) end,
       pg_temp.pick(array[null, null, '', 'Prefiere entrega por la tarde', E'Dijo: "me urge"\n→ dar seguimiento', 'Pidió factura; RFC pendiente', 'Le gusta regatear 😅'], c.k, 102),
       c.at, c.at
  from c
 cross join lateral (select
       pg_temp.pick('{Ana,"Juan Carlos",Concepción,Nuño,"Zoë",Martín,Rocío,"María José",Andrés,Verónica,"Tomás",Inés,Efraín,Belén,Iñaki,Lupita}', c.k, 90) as first,
       pg_temp.pick('{"García Peña","O''Farrill",López,"Rodríguez Ñíguez",Martínez,"Pérez Güereña",Gómez,"Jiménez Acuña",Ruiz,"Ordóñez",Cano,"de León",Vázquez}', c.k, 91) as last) w
 order by c.id;

-- ---------------------------------------------------------------------------
-- conversations, orders, items
-- ---------------------------------------------------------------------------

create temporary table m as
select row_number() over (order by at, store_id, n) as id, x.*
  from (select v.store_id, i as n, v.store_id * 1000000::bigint + i as k, v.id as conversation_id, v.customer_n, v.users,
               (i - 1) / v.conversations + 1 as place,
               v.at + interval '1 second' * (75 * ((i - 1) / v.conversations) + pg_temp.h(v.store_id * 1000000::bigint + i, 110, 70)) as at
          from v
         cross join lateral generate_series(v.n, v.messages, v.conversations) i) x;

analyze m;

insert into public.conversations (id, store_id, customer_id, assigned_to, status, labels, unread_count, context, last_message_at, created_at, updated_at)
select v.id, v.store_id, v.customer_id, u.id,
       pg_temp.pick('{open,open,waiting,closed,closed,spam}', v.k, 121)::public.conversation_status,
       pg_temp.pick(array['{}', '{venta}', '{"cotización",urgente}', '{postventa}', '{}'], v.k, 122)::text[],
       pg_temp.h(v.k, 123, 4),
       case when pg_temp.h(v.k, 124, 3) = 0 then '{}' else jsonb_build_object('origen', pg_temp.pick('{anuncio,"código QR",directo}', v.k, 125), 'paso', pg_temp.h(v.k, 126, 6), 'carrito', '[]'::jsonb) end,
       l.at, v.at, coalesce(l.at, v.at)
  from v
  left join (select conversation_id, max(at) as at from m group by conversation_id) l on l.conversation_id = v.id
  left join u on u.store_id = v.store_id and u.n = pg_temp.h(v.k, 120, v.users + 1)
 order by v.id;

create temporary table i as
select row_number() over (order by at, store_id, n) as id, x.*,
       (unit_price * quantity * case when pg_temp.h(k, 132, 6) = 0 then 0.10 else 0 end)::numeric(12, 2) as discount
  from (select o.store_id, t as n, o.store_id * 1000000::bigint + t as k, o.id as order_id, o.at,
               row_number() over (partition by o.id order by t) as line_no,
               r.id as product_id, coalesce(r.name, 'Producto descatalogado') as description, coalesce(r.price, 99.00) as unit_price,
               1 + pg_temp.h(o.store_id * 1000000::bigint + t, 130, 3) * pg_temp.h(o.store_id * 1000000::bigint + t, 131, 2) as quantity
          from o
          join z on z.store_id = o.store_id
         cross join lateral generate_series(o.n, z.order_items, z.orders) t
          left join p on p.store_id = o.store_id and p.n = 1 + pg_temp.h(o.store_id * 1000000::bigint + t, 133, greatest(z.products, 1))
          left join public.products r on r.id = p.id) x;

insert into public.orders (id, store_id, customer_id, conversation_id, order_number, status, payment, subtotal, discount, shipping_cost, shipping_address, notes, status_changed_at, created_at, updated_at)
select o.id, o.store_id, o.customer_id,
       case when o.n = 1 or pg_temp.h(o.k, 140, 6) > 0 then o.conversation_id end,
       upper(left(replace(s.slug, '-', ''), 3)) || '-' || lpad(o.number::text, 6, '0'),
       w.status,
       case when w.status not in ('draft', 'cancelled') then pg_temp.pick('{cash,card,transfer,oxxo,paypal}', o.k, 142)::public.payment_method end,
       coalesce(t.subtotal, 0),
       case when pg_temp.h(o.k, 143, 7) = 0 then round(coalesce(t.subtotal, 0) * 0.05, 2) else 0 end,
       (array[0, 0, 99, 149.50])[1 + pg_temp.h(o.k, 144, 4)],
       case when pg_temp.h(o.k, 145, 3) > 0 then c.address end,
       pg_temp.pick(array[null, null, null, '', 'Dejar con el portero', E'Timbre descompuesto,\nllamar al llegar ☎️', 'Regalo: envolver y poner "Feliz cumpleaños, Íñigo"'], o.k, 146),
       pg_temp.between(o.at, pg_temp.h(o.k, 147, 60), 100), o.at, pg_temp.between(o.at, pg_temp.h(o.k, 147, 60), 100)
  from o
  join public.stores s on s.id = o.store_id
  join public.customers c on c.id = o.customer_id
  left join (select order_id, sum(unit_price * quantity - discount) as subtotal from i group by order_id) t on t.order_id = o.id
 cross join lateral (select pg_temp.pick('{draft,pending,confirmed,paid,shipped,delivered,delivered,cancelled}', o.k, 141)::public.order_status as status) w
 order by o.id;

insert into public.order_items (id, order_id, line_no, product_id, description, quantity, unit_price, discount, options)
select i.id, i.order_id, i.line_no, i.product_id, i.description, i.quantity, i.unit_price, i.discount,
       case pg_temp.h(i.k, 134, 4) when 0 then jsonb_build_object('color', pg_temp.pick('{rojo,azul,"café"}', i.k, 135)) when 1 then jsonb_build_object('grabado', 'Para "Toñita" ❤️') end
  from i
 order by i.id;

update public.conversations v
   set last_order_id = o.id
  from (select conversation_id, max(id) as id from public.orders where conversation_id is not null group by conversation_id) o
 where o.conversation_id = v.id;

-- ---------------------------------------------------------------------------
-- messages
-- ---------------------------------------------------------------------------

insert into public.messages (id, conversation_id, reply_to_id, sender_id, direction, type, body, media_url, payload, wa_message_id, sent_at, delivered_at, read_at)
overriding system value
select m.id, m.conversation_id,
       case when m.place > 1 and pg_temp.h(m.k, 150, 5) = 0 then lag(m.id) over (partition by m.conversation_id order by m.place) end,
       case when w.direction = 'outbound' then u.id end,
       w.direction::public.message_direction,
       w.type::public.message_type,
       case when w.type = 'sticker' then null
            when w.type in ('image', 'audio', 'document') then pg_temp.pick(array['', 'Así llegó 😕', 'Comprobante de pago', null], m.k, 154)
            when w.type = 'location' then '19.4326,-99.1332'
            when w.direction = 'inbound' then pg_temp.pick(array[
                'Hola, buenas tardes 👋', '¿Qué precio tiene?', 'Me interesa, ¿todavía hay?', '¿Hacen envíos a Mérida?', 'ok', 'Gracias!! 🙏🙏',
                E'Buen día\nquiero pedir lo siguiente:\n\t- 2 piezas\n\t- color "azul añil"', '¿Me puede mandar más fotos? 📸', 'ya deposité', 'ñaaa, está muy caro 😩',
                '¿Y si me llevo 3, cuánto es lo menos?', 'No me ha llegado mi pedido 😡', 'Va, lo aparto', 'El código ''AHORRA10'' no funciona', 'Estoy en la col. Peñón, ¿llegan?', '👍🏽'], m.k, 151)
            else pg_temp.pick(array[
                '¡Hola! Con gusto te atiendo 😊', 'Sí tenemos en existencia ✅', E'El total sería de $1,249.00 MXN\n(IVA incluido)', 'Te comparto los datos para la transferencia 👇',
                'Tu pedido ya va en camino 🚚💨', 'Claro que sí, permíteme un momento', 'Lo siento, se nos agotó; llega el jueves', '¿Me confirmas tu dirección completa, por favor?',
                'Envío 100% asegurado, 2–5 días hábiles', 'Aquí tu guía: 7701\2025\MX', '¡Gracias por tu compra! 🎉', 'Tu código es ''AHORRA10'' y vence mañana'], m.k, 152) end,
       case when w.type in ('image', 'audio', 'document', 'sticker') then 'https://media.example/' || md5('media ' || m.k) || (case w.type when 'image' then '.jpg' when 'audio' then '.ogg' when 'document' then '.pdf' else '.webp' end) end,
       case when pg_temp.h(m.k, 155, 3) = 0 then '{}' else jsonb_build_object('wa', jsonb_build_object('tipo', w.type, 'intentos', pg_temp.h(m.k, 156, 3)), 'perfil', case when w.direction = 'inbound' then jsonb_build_object('nombre', 'Cliente Nº ' || m.customer_n) end) end,
       case when pg_temp.h(m.k, 157, 40) > 0 then 'wamid.' || upper(md5('message ' || m.k)) end,
       m.at,
       case when pg_temp.h(m.k, 158, 12) > 0 then m.at + interval '1 millisecond' * (300 + pg_temp.h(m.k, 159, 4000)) end,
       case when pg_temp.h(m.k, 158, 12) > 3 then m.at + interval '1 second' * (5 + pg_temp.h(m.k, 160, 3000)) end
  from m
  left join u on u.store_id = m.store_id and u.n = 1 + pg_temp.h(m.k, 153, greatest(m.users, 1))
 cross join lateral (select
       case when m.place % 2 = 1 then 'inbound' else 'outbound' end as direction,
       pg_temp.pick('{text,text,text,text,text,text,text,text,text,text,image,image,audio,document,location,sticker}', m.k, 161) as type
       offset 0) w
 order by m.id;

-- ---------------------------------------------------------------------------
-- notifications, history, carts
-- ---------------------------------------------------------------------------

insert into public.notifications (id, store_id, user_id, order_id, channels, title, body, data, read_at, created_at)
overriding system value
select row_number() over (order by x.at, x.store_id, x.n), x.store_id, u.id, x.order_id,
       pg_temp.pick(array['{web}', '{web,push}', '{email,whatsapp}', '{web}'], x.k, 170)::public.notification_channel[],
       case when x.order_id is not null then 'Pedido nuevo 🛒' else pg_temp.pick('{"Inventario bajo","Mensaje sin responder","Límite diario de WhatsApp al 80 %"}', x.k, 171) end,
       case when pg_temp.h(x.k, 172, 5) = 0 then '' else 'Revísalo en tu panel → «Pendientes»' end,
       case when x.order_id is not null then jsonb_build_object('order_id', x.order_id, 'sonido', 'caja.mp3') end,
       case when pg_temp.h(x.k, 173, 3) > 0 then x.at + interval '1 minute' * pg_temp.h(x.k, 174, 90) end,
       x.at
  from (select z.store_id, g as n, z.users, z.store_id * 1000000::bigint + g as k, o.id as order_id,
               coalesce(o.at + interval '1 second', pg_temp.between(z.since, 10 + pg_temp.h(z.store_id * 1000000::bigint + g, 175, 80), 100)) as at
          from z
         cross join generate_series(1, z.notifications) g
          left join o on o.store_id = z.store_id and o.n = g) x
  join u on u.store_id = x.store_id and u.n = 1 + pg_temp.h(x.k, 176, x.users)
 order by 1;

insert into public.customer_history (id, customer_id, order_id, event, details, happened_at)
select row_number() over (order by x.at, x.store_id, x.n), x.customer_id, x.order_id,
       case when x.order_id is not null then 'order_placed' else pg_temp.pick('{created,phone_changed,tag_added,complaint,note_added}', x.k, 180) end,
       case when pg_temp.h(x.k, 181, 4) = 0 then '{}' else jsonb_build_object('antes', null, 'después', pg_temp.pick('{"ñandú","dirección nueva",""}', x.k, 182), 'por', 'usuario ' || (1 + pg_temp.h(x.k, 183, 4))) end,
       x.at
  from (select z.store_id, g as n, z.store_id * 1000000::bigint + g as k, c.id as customer_id, o.id as order_id,
               coalesce(o.at, pg_temp.between(c.at, pg_temp.h(z.store_id * 1000000::bigint + g, 184, 90), 100)) as at
          from z
         cross join generate_series(1, z.customer_history) g
          join c on c.store_id = z.store_id and c.n = (g - 1) % z.customers + 1
          left join o on o.store_id = z.store_id and o.n = g and o.customer_id = c.id) x
 order by 1;

insert into public.shopping_cart (id, customer_id, product_id, quantity, options, added_at, expires_at)
select row_number() over (order by x.at, x.store_id, x.n), x.customer_id, x.product_id,
       1 + pg_temp.h(x.k, 190, 4),
       case when pg_temp.h(x.k, 191, 2) = 0 then jsonb_build_object('talla', pg_temp.pick('{CH,M,G,XG}', x.k, 192)) end,
       x.at,
       case when pg_temp.h(x.k, 193, 4) > 0 then x.at + interval '7 days' end
  from (select z.store_id, g as n, z.store_id * 1000000::bigint + g as k, c.id as customer_id, p.id as product_id,
               pg_temp.between(greatest(c.at, p.at), pg_temp.h(z.store_id * 1000000::bigint + g, 194, 95), 100) as at
          from z
         cross join generate_series(1, z.shopping_cart) g
          join c on c.store_id = z.store_id and c.n = (g - 1) % z.customers + 1
          join p on p.store_id = z.store_id and p.n = (pg_temp.h(c.k, 195, z.products) + (g - 1) / z.customers) % z.products + 1) x
 order by 1;

-- ---------------------------------------------------------------------------
-- log of the webhooks
-- ---------------------------------------------------------------------------

insert into public.whatsapp_logs (id, store_id, level, event, phone, remote_addr, payload, duration_ms, created_at)
select row_number() over (order by x.at, x.store_id, x.n), x.store_id,
       case w.kind when 0 then 'error' when 1 then 'warning' when 2 then 'debug' else 'info' end::public.log_level,
       w.event,
       case when pg_temp.h(x.k, 203, 6) > 0 then '+52' || (5500000000 + pg_temp.h(x.k, 204, 90000000)) when pg_temp.h(x.k, 203, 6) = 0 and w.kind = 5 then '' end,
       case when w.kind > 1 then inet '157.240.0.0' + pg_temp.h(x.k, 205, 65536) end,
       case when w.kind = 0 then jsonb_build_object('error', jsonb_build_object('code', 131000 + pg_temp.h(x.k, 206, 60), 'title', 'No se pudo entregar: "número inválido"'))
            when w.kind < 4 then jsonb_build_object('id', 'wamid.' || x.k, 'status', pg_temp.pick('{sent,delivered,read}', x.k, 207), 'precio', round(pg_temp.h(x.k, 208, 300) / 100.0, 2))
            when w.kind < 9 then jsonb_build_object('id', 'wamid.' || x.k, 'from', jsonb_build_array(x.n, null)) end,
       case when w.kind <> 6 then 3 + pg_temp.h(x.k, 209, 800) end,
       x.at
  from (select z.store_id, n, z.store_id * 1000000::bigint + n as k,
               pg_temp.between(z.since, n * 1000::bigint + pg_temp.h(z.store_id * 1000000::bigint + n, 200, 900), z.whatsapp_logs * 1000::bigint + 1000) as at
          from z, generate_series(1, z.whatsapp_logs) n
        union all
        select null, n, n,
               pg_temp.between('2025-06-30 01:47:00+00', n * 1000::bigint + pg_temp.h(n, 200, 900), l.whatsapp_logs * 1000::bigint + 1000)
          from sample_unowned l, generate_series(1, l.whatsapp_logs) n) x
 cross join lateral (select
       pg_temp.h(x.k, 201, 12) as kind,
       case when x.store_id is null then 'webhook.unknown_line'
            else pg_temp.pick('{message.received,message.sent,message.status,message.status,message.status,session.connected,template.rejected,webhook.verified}', x.k, 202) end as event
       offset 0) w
 order by 1;

-- ---------------------------------------------------------------------------
-- sequences, triggers, statistics
-- ---------------------------------------------------------------------------

alter table public.conversations enable trigger user;
alter table public.orders enable trigger user;
alter table public.messages enable trigger user;

select setval('public.stores_id_seq', max(id)) from public.stores;
select setval('public.users_id_seq', max(id)) from public.users;
select setval('public.store_settings_id_seq', max(id)) from public.store_settings;
select setval('public.whatsapp_settings_id_seq', max(id)) from public.whatsapp_settings;
select setval('public.auto_responses_id_seq', max(id)) from public.auto_responses;
select setval('public.assignment_rules_id_seq', max(id)) from public.assignment_rules;
select setval('public.products_id_seq', max(id)) from public.products;
select setval('public.customers_id_seq', max(id)) from public.customers;
select setval('public.conversations_id_seq', max(id)) from public.conversations;
select setval('public.orders_id_seq', max(id)) from public.orders;
select setval('public.order_items_id_seq', max(id)) from public.order_items;
select setval('public.messages_id_seq', max(id)) from public.messages;
select setval('public.notifications_id_seq', max(id)) from public.notifications;
select setval('public.customer_history_id_seq', max(id)) from public.customer_history;
select setval('public.shopping_cart_id_seq', max(id)) from public.shopping_cart;
select setval('public.whatsapp_logs_id_seq', max(id)) from public.whatsapp_logs;

drop table sample_sizes, sample_unowned, sample_fixed_products, sample_catalogue, z, u, p, c, v, o, m, i;
drop function pg_temp.pick(text[], bigint, bigint), pg_temp.h(bigint, bigint, bigint), pg_temp.between(timestamptz, bigint, bigint, timestamptz);

reset jit;

analyze public.stores, public.users, public.store_settings, public.whatsapp_settings, public.auto_responses,
    public.assignment_rules, public.products, public.customers, public.conversations, public.orders,
    public.order_items, public.messages, public.notifications, public.customer_history, public.shopping_cart,
    public.whatsapp_logs;
