"""What columns are called, in eight languages, and what the words in them mean. Data; no rules.

English, French, German, Spanish, Italian, Portuguese, Dutch and Japanese, as HR systems and people write headings.
Words are compared without regard to case, accents, punctuation and blanks (``headings.spelling``).
"""

from collections.abc import Mapping

EMAIL, PRIVATE_EMAIL, LOGIN, FULL_NAME = "e-mail", "private e-mail", "login", "full name"
ACTIVE_FLAG, INACTIVE_FLAG, BIRTH_DATE, SECRET, OTHER = "employed?", "left?", "birth date", "secret", "other"
MANAGER_NAME, MEMBERS, ACCOUNT_CONTROL = "manager's name", "members", "account control"

KINDS: Mapping[str, str] = {
    "external_id": """
        employee id|employee no|employee number|employee code|emp id|emp no|empid|worker id|worker number
        person id|person number|person no|personnel number|personnel no|personnel id|staff id|staff number|staff no
        payroll number|payroll id|payroll no|associate id|file number|badge number|badge id|hr id|id number|id|eeid
        position id|associate oid|external id|employee external id|person id external|uuid|object id|immutable id
        matricule|no matricule|numero matricule|numero de matricule|n matricule|code salarie|numero salarie
        identifiant salarie|id salarie|numero employe|id employe|numero d employe|code employe
        personalnummer|personal nr|personalnr|pers nr|persnr|mitarbeiternummer|mitarbeiter nr|mitarbeiternr
        mitarbeiter id|ma nr|angestelltennummer|stammnummer|personal id
        numero de empleado|no de empleado|no empleado|numero empleado|n empleado|id empleado|id de empleado
        codigo de empleado|codigo empleado
        legajo|numero de legajo|num empleado|clave de empleado
        matricola|numero matricola|n matricola|codice dipendente|id dipendente|numero dipendente
        matricula|numero de matricula|id funcionario|codigo do funcionario|numero do funcionario|numero de funcionario
        codigo colaborador|id colaborador|numero de colaborador|registro
        personeelsnummer|personeelsnr|medewerkernummer|medewerker nr|medewerker id|werknemersnummer|werknemer nr
        stamnummer|registratienummer
        社員番号|社員コード|社員id|従業員番号|従業員コード|従業員id|職員番号|社員no|個人番号コード|スタッフ番号|社番
    """,
    EMAIL: """
        e mail|email|mail|email address|e mail address|mail address|work email|work e mail|business email
        business e mail|company email|corporate email|email work|email primary work|primary email|primary work email
        official email|user principal name|upn|user name email|internet address|username email|email id|smtp address
        courriel|adresse e mail|adresse email|adresse mail|adresse electronique|email professionnel|mail professionnel
        e mail professionnel|courriel professionnel|adresse de messagerie|messagerie|adresse courriel
        e mail adresse|emailadresse|mailadresse|dienstliche e mail|e mail dienstlich|e mail geschaftlich
        geschaftliche e mail|firmen e mail|dienst e mail|arbeits e mail
        correo|correo electronico|direccion de correo|direccion de correo electronico|correo corporativo
        email corporativo|correo de empresa|e mail corporativo|correo laboral
        posta elettronica|indirizzo email|indirizzo e mail|indirizzo di posta elettronica|email aziendale
        e mail aziendale|mail aziendale|indirizzo mail
        endereco de email|endereco de e mail|correio eletronico|email profissional|email empresarial
        e mail do trabalho|e mailadres|emailadres|mailadres|zakelijk e mailadres|zakelijke e mail|werk e mail
        werkmail|e mail zakelijk|メール|メールアドレス|eメール|電子メール|会社メール|会社メールアドレス|社内メール
        電子メールアドレス|仕事用メール
    """,
    PRIVATE_EMAIL: """
        private email|private e mail|personal email|personal e mail|home email|email private|email personal|email home
        email personnel|e mail personnel|courriel personnel|mail perso|private e mail adresse|e mail privat
        correo personal|email personale|e mail pessoal|email pessoal|prive e mail|privemail
        個人メール|個人メールアドレス|自宅メール|secondary email|alternate email|other email|recovery email
    """,
    LOGIN: """
        login|login name|user id|userid|user name|username|user|account|account name|sam account name|logon|logon name
        uid|network id|windows login|ad account|nt login|unix id|alias|user login|sign in name|mailnickname
        identifiant|nom d utilisateur|compte|identifiant utilisateur|identifiant de connexion|compte utilisateur
        benutzername|benutzer|anmeldename|kennung|benutzerkennung|konto|login kennung|nutzername|benutzer id|kurzel
        usuario|nombre de usuario|cuenta|utente|nome utente|id utente|account utente|utilizador|nome de utilizador
        nome de usuario|conta|gebruikersnaam|gebruiker|inlognaam|gebruikers id|aanmeldnaam
        ユーザー名|ユーザーid|ログインid|ログイン名|アカウント|アカウント名|ユーザid|ユーザ名
    """,
    "given_name": """
        first name|firstname|given name|givenname|forename|fname|legal first name|preferred first name|preferred name
        first|christian name|known as|prenom|prenoms|prenom usuel|vorname|rufname|vornamen|nombre|nombres
        primer nombre
        nombre de pila|nome|nome di battesimo|primeiro nome|nome proprio|voornaam|roepnaam|voornamen
        名|名前名|下の名前|名ローマ字|firstname kanji|名 漢字
    """,
    "family_name": """
        last name|lastname|surname|family name|familyname|lname|legal last name|sn|last|nom|nom de famille|nom d usage
        nom usuel|nom patronymique|nachname|familienname|zuname|apellido|apellidos|primer apellido|apellido paterno
        cognome|sobrenome|apelido|apelidos|ultimo nome|achternaam|familienaam|geslachtsnaam
        姓|苗字|名字|姓ローマ字|姓 漢字
    """,
    FULL_NAME: """
        name|full name|fullname|display name|displayname|employee name|worker|worker name|employee|person|staff name
        preferred full name|legal name|cn|common name|formatted name|associate name|payroll name|complete name
        nom complet|nom et prenom|nom prenom|prenom nom|nom prenoms|nom affiche|salarie|collaborateur|employe
        vollstandiger name|anzeigename|name vorname|vorname nachname|nachname vorname|mitarbeiter|mitarbeitername
        vor und nachname|nombre completo|nombre y apellidos|apellidos y nombre|empleado|nombre del empleado
        apellidos nombre|nome completo|nome e cognome|cognome e nome|nominativo|dipendente|nome cognome
        nome do funcionario|nome do colaborador|colaborador|funcionario|volledige naam|weergavenaam|naam|medewerker
        naam medewerker|werknemer|氏名|名前|社員名|従業員名|表示名|フルネーム|お名前|氏名漢字
    """,
    "status": """
        status|employee status|employment status|worker status|state|employment state|account status|user status
        staff status|hr status|statut|statut salarie|etat|situation|statut employe|statut du salarie
        beschaftigungsstatus
        mitarbeiterstatus|zustand|stand|anstellungsstatus|beschaftigungsstand|personalstatus|estado|estatus
        situacion|estado laboral|estado del empleado|stato|stato dipendente|stato rapporto|situazione|situacao
        estado civil do contrato
        situacao do funcionario|status do funcionario|dienstverband status|medewerkerstatus|toestand
        在籍状況|在籍区分|ステータス|状態|雇用状況|在職状況|在籍状態|在職区分
    """,
    ACTIVE_FLAG: """
        active|is active|active flag|enabled|account enabled|employed|currently employed|active employee
        is enabled|actif
        en activite|present|compte actif|aktiv|ist aktiv|beschaftigt|aktives konto|activo|activa|en activo|habilitado
        attivo|in servizio|ativo|em exercicio|actief|in dienst|account actief|有効|在籍|在籍フラグ|アクティブ|有効フラグ
        activated|is activated|account activated
    """,
    INACTIVE_FLAG: """
        inactive|terminated|is terminated|disabled|account disabled|left|leaver|suspended|is suspended|blocked|locked
        inactif|sorti|desactive|parti|suspendu|inaktiv|ausgeschieden|gesperrt|deaktiviert|inactivo|baja|suspendido
        bloqueado|inattivo|cessato|disattivato|sospeso|inativo|desligado|suspenso|desativado|inactief|uit dienst
        geblokkeerd|無効|退職|退職済み|退職フラグ|無効フラグ|停止
        deactivated|is deactivated|account deactivated|archived|is archived|ns account lock
        nonactive|notactive|非アクティブ|非在籍|非有効
    """,
    ACCOUNT_CONTROL: "user account control",
    "start_date": """
        start date|hire date|hiredate|date of hire|date hired|joining date|date of joining|join date|date joined
        original hire date|employment start date|start|first day|commencement date|most recent hire date|entry date
        continuous service date|joined|employment start|seniority date|date d entree|date entree|date d embauche
        date embauche|date de debut|entree le|date d arrivee|debut de contrat|date d anciennete|eintrittsdatum
        eintritt
        einstellungsdatum|eintritt am|startdatum|beginn|vertragsbeginn|eingestellt am|arbeitsbeginn
        beschaftigungsbeginn
        fecha de ingreso|fecha ingreso|fecha de alta|fecha alta|fecha de inicio|fecha de contratacion|fecha inicio
        fecha de antiguedad|data di assunzione|data assunzione|data inizio|data di inizio|data ingresso
        data de admissao|data admissao|data de inicio|data de entrada|data de contratacao|admissao|datum in dienst
        indiensttreding|begindatum|datum indiensttreding|datum indienst|in dienst per|ingangsdatum|in dienst sinds
        入社日|入社年月日|採用日|雇用開始日|開始日|着任日|雇入年月日
    """,
    "end_date": """
        end date|termination date|term date|leaving date|date of leaving|last day|last day of work|last working day
        employment end date|exit date|date left|separation date|contract end date|end|leave date|terminated on
        date de sortie|date sortie|date de fin|fin de contrat|date de depart|sortie le|date fin contrat|date fin
        austrittsdatum|austritt|austritt am|enddatum|vertragsende|letzter arbeitstag|kundigungsdatum|befristet bis
        beschaftigungsende|fecha de baja|fecha baja|fecha de salida|fecha de fin|fecha fin|fecha de termino
        fecha de cese
        fin de contrato|data di cessazione|data cessazione|data fine|data di fine|data uscita|data dimissioni
        data de demissao|data demissao|data de saida|data de desligamento|data fim|data de fim|data de rescisao
        datum uit dienst|uitdiensttreding|einddatum|datum uitdiensttreding|uit dienst per|datum uitdienst
        einde contract
        退職日|退職年月日|退社日|雇用終了日|終了日|離職日|最終出勤日
    """,
    "department": """
        department|dept|department name|team|org unit|organizational unit|organisational unit|organization unit|unit
        department description|business unit|home department|supervisory organization|ou|service|departement
        nom du service|equipe|unite|direction|pole|abteilung|bereich|fachbereich|referat|abteilungsname|orgeinheit
        organisationseinheit|abt|departamento|area|unidad|equipo|dipartimento|reparto|ufficio|unita organizzativa
        settore|setor|equipe departamento|unidade|afdeling|team naam|dienst afdeling|organisatie eenheid
        部署|部門|所属|部署名|部門名|所属部署|課|部|所属名
    """,
    "division": """
        division|division name|section|segment|branch|geschaftsbereich|sparte|division metier|division nombre
        divisione
        divisao|divisie|sector|事業部|本部|事業部名
    """,
    "organization": """
        company|company name|organization|organisation|legal entity|entity|employer|company code|firm|payroll company
        societe|entreprise|entite|entite juridique|employeur|raison sociale|firma|unternehmen|gesellschaft|arbeitgeber
        mandant|buchungskreis|empresa|sociedad|compania|razon social|azienda|societa|ragione sociale|ente
        companhia|organizacao|bedrijf|werkgever|onderneming|organisatie|会社|会社名|法人|所属会社|企業名
    """,
    "cost_center": """
        cost center|cost centre|costcenter|cost center code|cost code|cost centre code|centre de cout|centre de couts
        centre de frais|kostenstelle|kst|kostenstellennummer|centro de coste|centro de costes|centro de costos
        centro de costo|centro di costo|centro de custo|centro de custos|kostenplaats|原価センタ|コストセンター|原価部門
    """,
    "title": """
        title|job title|position|position title|role|job|designation|job name|job position|business title|job profile
        occupation|job description|poste|fonction|intitule du poste|intitule de poste|emploi|titre|metier
        qualification
        libelle emploi|position bezeichnung|stellenbezeichnung|funktion|stelle|tatigkeit|berufsbezeichnung|jobtitel
        positionsbezeichnung|titel|dienststellung|puesto|cargo|puesto de trabajo|funcion|ocupacion|posicion|qualifica
        mansione|ruolo|posizione|incarico|titolo|funcao|posicao|titulo do cargo|ocupacao|funktie|functie|functietitel
        functienaam|functieomschrijving|rol|役職|職位|肩書|役職名|職種|職務|ポジション
    """,
    "employee_type": """
        employee type|employment type|worker type|type of employment|contract type|employee class|employment category
        staff type|employee group|employee category|worker category|employment class|person type|type de contrat
        type contrat|contrat|categorie|type d emploi|nature du contrat|vertragsart|beschaftigungsart|mitarbeitertyp
        mitarbeitergruppe|mitarbeiterkreis|anstellungsart|beschaftigungsverhaltnis|arbeitsverhaltnis|tipo de contrato
        tipo de empleado|tipo contrato|categoria|tipo de empleo|tipo contratto|tipo di contratto|tipologia contratto
        tipo dipendente|tipo rapporto|tipo de funcionario|tipo de vinculo|vinculo|regime|soort contract|contractsoort
        type medewerker|contracttype|dienstverband|soort dienstverband|雇用形態|雇用区分|社員区分|従業員区分|契約形態
    """,
    "manager_id": """
        manager eid|supervisor eid
        manager id|manager employee id|supervisor id|manager number|reports to id|manager external id|line manager id
        manager no|reporting manager id|manager worker id|supervisor number|manager user sys id|matricule manager
        matricule du manager|matricule responsable|matricule n 1|id manager|vorgesetzten nr|vorgesetzter id
        personalnummer vorgesetzter|vorgesetztennummer|personalnummer des vorgesetzten|id jefe|id del jefe
        id supervisor|numero de jefe|id del responsable|matricola responsabile|id responsabile|codice responsabile
        id gestor|id do gestor|matricula do gestor|matricula gestor|manager nummer|personeelsnummer manager
        personeelsnummer leidinggevende|id leidinggevende|上司社員番号|上司番号|上司id|管理者社員番号|上長社員番号
    """,
    MANAGER_NAME: """
        manager|supervisor|reports to|line manager|manager name|reporting manager|reporting to|supervisor name|boss
        manager email|manager e mail|supervisor email|responsable|superieur|superieur hierarchique|manager n 1
        vorgesetzter|vorgesetzte|fuhrungskraft|vorgesetzter name|teamleiter|jefe|jefe directo|supervisor directo
        responsabile|capo|superiore|gestor|chefe|chefia|superior|leidinggevende|chef|上司|上長|管理者|上司名|直属上司
    """,
    "location": """
        location|office|office location|site|work location|workplace|place of work|work site|branch office|building
        physical delivery office name|location description|lieu|lieu de travail|site de rattachement|bureau
        etablissement|agence|implantation|standort|arbeitsort|ort|niederlassung|dienstort|buro|einsatzort
        betriebsstatte
        ubicacion|sede|lugar de trabajo|centro de trabajo|oficina|localidad|luogo di lavoro|sede di lavoro|ubicazione
        filiale|localizacao|local de trabalho|localidade|escritorio|filial|locatie|vestiging|werklocatie|werkplek
        standplaats|kantoor|勤務地|勤務場所|拠点|事業所|オフィス|所在地|勤務先
    """,
    "country": """
        country|country code|country region|work country|nation|co|pays|code pays|pays de travail|land|landercode
        landerkurzel|staat|pais|codigo de pais|codigo pais|paese|nazione|codice paese|codigo do pais|landcode|国|国名
        国コード|勤務国
    """,
    "locale": """
        locale|language|preferred language|language code|lang|correspondence language|langue|langue preferee
        code langue
        sprache|korrespondenzsprache|sprachcode|bevorzugte sprache|idioma|idioma preferido|lingua|lingua preferita
        lingua preferenziale|idioma preferencial|taal|voorkeurstaal|taalcode|言語|使用言語|ロケール
    """,
    "timezone": """
        time zone|timezone|tz|fuseau horaire|zeitzone|zona horaria|huso horario|fuso orario|fuso horario|tijdzone
        タイムゾーン|時間帯
    """,
    "phone": """
        phone|telephone|phone number|work phone|mobile|mobile phone|cell phone|office phone|telephone number
        business phone
        mobile number|tel|cell|phone work|telephone professionnel|tel professionnel|portable|telephone portable
        numero de telephone|tel portable|telefon|telefonnummer|mobiltelefon|handy|mobil|rufnummer
        dienstliche telefonnummer
        telefon dienstlich|durchwahl|telefono|movil|celular|numero de telefono|telefono movil|cellulare
        numero di telefono
        telefono aziendale|telefone|telemovel|numero de telefone|telefoon|telefoonnummer|mobiel|mobiel nummer
        電話|電話番号|携帯電話|携帯番号|内線|内線番号|携帯
    """,
    "directory_groups": """
        groups|group|group membership|group memberships|directory groups|member of|memberof|security groups
        groupes|groupe|gruppen|gruppe|gruppenzugehorigkeit|grupos|grupo|gruppi|gruppo|groepen|groep|グループ|所属グループ
    """,
    BIRTH_DATE: """
        birth date|birthdate|date of birth|dob|birthday|date de naissance|naissance|ne le|geburtsdatum
        geburtstag|geb datum
        fecha de nacimiento|fecha nacimiento|nacimiento|data di nascita|data nascita|data de nascimento|nascimento
        geboortedatum|生年月日|誕生日
    """,
    SECRET: """
        password|passwd|pwd|pass|initial password|temporary password|temp password|default password|user password
        userpassword|pin|pin code|secret|token|api key|access key|private key|unicode pwd|password hash
        nt hash|lm hash
        mot de passe|mdp|code secret|passwort|kennwort|initialpasswort|initialkennwort|startpasswort|contrasena|clave
        clave de acceso|senha|senha inicial|palavra passe|parola chiave|parola d ordine|wachtwoord|パスワード|暗証番号
        初期パスワード
        ssn|social security number|social security no|social security|national id|national insurance number
        ni number|nino
        tax id|passport number|passport no|numero de securite sociale|securite sociale|nir|numero secu|insee
        sozialversicherungsnummer|sv nummer|steuer id|steuernummer|ausweisnummer|dni|nif|nie|nss|curp|rfc
        numero de seguridad social|codice fiscale|cpf|rg|nis|niss|bsn|burgerservicenummer|マイナンバー|個人番号
        salary|base salary|annual salary|wage|compensation|pay rate|bank account|iban|account number bank
        salaire|salaire brut|remuneration|gehalt|bruttogehalt|lohn|bankverbindung|kontonummer|salario|sueldo|stipendio
        retribuzione|salaris|loon|給与|給料|年収|基本給|口座番号
        jpegphoto|thumbnailphoto|photo|user certificate|user smime certificate
    """,
    MEMBERS: "member|members|uniquemember|member uid|mitglieder|membres|miembros|membri|membros|leden|メンバー",
    OTHER: """
        gender|sex|gender pronoun|pronouns|genre|sexe|civilite|geschlecht|anrede|genero|sexo|genere|sesso|geslacht|性別
        city|town|ville|stadt|ciudad|citta|cidade|plaats|woonplaats|市区町村
        street|street address|address|home address|rue|adresse|strasse|anschrift|calle|direccion|domicilio|via
        indirizzo
        endereco|morada|straat|adres|住所
        zip|zip code|postal code|postcode|post code|code postal|plz|postleitzahl|codigo postal|cap|cep|郵便番号
        middle name|middle initial|deuxieme prenom|zweiter vorname|segundo nombre|segundo apellido|apellido materno
        secondo nome|nome do meio|tussenvoegsel|ミドルネーム
        フリガナ|ふりがな|カナ|氏名カナ|姓カナ|名カナ|セイ|メイ|備考
        comment|comments|notes|note|remark|remarks|commentaire|remarque|bemerkung|kommentar|notas
        observaciones|observacoes
        object class|objectclass|dn|distinguished name|description|group type|salutation|nationality|nationalite
        ms ds user account control computed|employee group code|on leave|fte|full time|allocated|subject|certification
    """,
}
"""What a column holds, by the names that such columns have. A name stands with one kind only."""

PROPOSED: Mapping[str, str] = {
    EMAIL: "user_name", LOGIN: "user_name", FULL_NAME: "display_name", ACTIVE_FLAG: "status", INACTIVE_FLAG: "status",
    ACCOUNT_CONTROL: "status",
}  # fmt: skip
"""The attribute that a kind which is none itself is taken for."""
UNMAPPED = (PRIVATE_EMAIL, BIRTH_DATE, SECRET, OTHER, MANAGER_NAME, MEMBERS)

PEOPLE = """
    worker|employee|person|staff|salarie|collaborateur|employe|mitarbeiter|empleado|dipendente|colaborador|funcionario
    medewerker|werknemer|社員|従業員
"""
"""Words that say that a row is a person, whatever else a heading says."""

SOMEBODY_ELSE = """
    manager|supervisor|boss|superior|emergency|contact|spouse|partner|parent|dependent|approver|owner|hrbp
    recruiter|buddy
    responsable|superieur|urgence|conjoint|vorgesetzter|vorgesetzte|vorgesetzten|notfall|ehepartner|ansprechpartner
    jefe|emergencia|conyuge|responsabile|emergenza|coniuge|gestor|chefe|leidinggevende|noodgeval|上司|上長|緊急連絡先
"""
"""Words in a heading that make its column somebody else's: ``Manager e-mail`` is no address of this person."""

NEGATIONS = "not|non|no|never|nicht|kein|keine|pas|plus|nao|niet|mai|nunca"
"""Words that turn round what follows them in a heading that asks for yes or no: ``No longer active``."""

ACTIVE_WORDS = """
    active|enabled|current|employed|employee|working|present|hired|live|on board|onboarded|a|1
    actif|active|en poste|en activite|present|en service|titulaire|aktiv|beschaftigt|angestellt|im dienst|anwesend
    activo|activa|alta|de alta|en activo|vigente|contratado|attivo|attiva|in forza|in servizio|assunto
    ativo|ativa|em exercicio|trabalhando|ativado|actief|in dienst|werkzaam|在籍|在職|在籍中|在職中|有効|勤務中|現職
"""
INACTIVE_WORDS = """
    inactive|disabled|terminated|left|leaver|former|resigned|retired|deceased|dismissed|ex employee|exited|separated
    suspended|deactivated|i|t|0|inactif|inactive|sorti|sortie|parti|demissionnaire|retraite|licencie|desactive
    inaktiv|ausgeschieden|gekundigt|ausgetreten|pensioniert|im ruhestand|deaktiviert|entlassen
    inactivo|inactiva|baja|de baja|jubilado|cesado|despedido|inattivo|inattiva|cessato|dimesso|pensionato|licenziato
    inativo|inativa|desligado|demitido|aposentado|desativado|inactief|uit dienst|ontslagen|gepensioneerd|vertrokken
    退職|退社|退職済|退職済み|無効|離職|解雇
"""
DOUBTFUL_WORDS = """
    on leave|leave|loa|leave of absence|maternity leave|paternity leave|parental leave|sick leave|sabbatical
    unpaid leave
    garden leave|pending|notice|on notice|prehire|pre hire|future hire|probation|furlough|furloughed|paid leave
    conge|en conge|conge parental|conge maternite|arret maladie|preavis|elternzeit|mutterschutz|krank|freigestellt
    beurlaubt|sabbatical|altersteilzeit|probezeit|ruhend|permiso|excedencia|licencia|vacaciones|baja medica
    baja por maternidad|aspettativa|maternita|congedo|malattia|in prova|licenca|afastado|ferias|licenca maternidade
    verlof|met verlof|ziek|zwangerschapsverlof|ouderschapsverlof|休職|休職中|育休|産休|育児休業|休業中|出向|内定
"""
"""Employed, and yet not at work: whether they keep their account is for the company to say."""

YES_WORDS = "yes|y|true|t|x|1|oui|o|vrai|ja|j|wahr|si|verdadero|s|vero|sim|verdadeiro|waar|はい|有|真|○|✓|on"
NO_WORDS = "no|n|false|f|0|non|faux|nein|falsch|falso|nao|nee|onwaar|いいえ|無|偽|×|off"

TOTAL_WORDS = """
    total|totals|grand total|sum|subtotal|total count|headcount|count|total general|total generale|sous total
    somme|effectif
    effectif total|summe|gesamt|gesamtsumme|zwischensumme|anzahl|insgesamt|suma|total de empleados|totale
    totale generale
    somma|subtotale|soma|total geral|totaal|eindtotaal|subtotaal|som|aantal|合計|総計|小計|計|人数
    total employees|employees total|total rows|number of employees|record count|end of report
"""
