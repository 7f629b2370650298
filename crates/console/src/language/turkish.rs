use super::Language;

pub(super) const TURKISH: Language = Language {
    language: "tr",
    docs: "Belgeler (İngilizce)",

    setup_title: "İlk hesap",
    setup_intro: "Bu sunucuda henüz kimsenin hesabı yok. Bu sayfa sizin hesabınızı ve kuruluşunuzu oluşturur. Yalnızca \
                  bir kez çalışır.",
    you: "Siz",
    name: "Adınız",
    email: "E-posta",
    email_hint: "Bununla oturum açarsınız.",
    password: "Parola",
    password_hint: "En az 15 karakter. Art arda birkaç sözcük kolay hatırlanır, zor tahmin edilir.",
    organization: "Kuruluşunuz",
    organization_name: "Kuruluşun adı",
    slug: "Kısa ad",
    slug_hint: "Adreslerde yer alır: a-z, 0-9 ve kısa çizgi. Boş bırakılırsa addan türetilir.",
    submit: "Hesabı ve kuruluşu oluştur",

    error: "Hata",
    errors_title: "Henüz hiçbir şey oluşturulmadı",
    errors_end: "Lütfen parolayı yeniden yazın: saklanmaz.",
    name_wrong: "En çok 255 karakterlik bir ad yazın.",
    email_wrong: "Bir e-posta adresi yazın, örneğin ad@example.com.",
    password_short: "En az 15 karakter kullanın.",
    password_long: "En çok 1.000 karakter kullanın.",
    password_common: "Kolay akla gelmeyen, adınızdan veya e-posta adresinizden oluşmayan bir parola seçin.",
    slug_wrong: "a-z, 0-9 ve aralarda tek kısa çizgiden oluşan 2 ile 63 arası karakter kullanın.",
    slug_taken: "Bu kısa ad başka bir kuruluşun.",
    failed: "Sunucu bunu şu anda yapamıyor. Birazdan yeniden deneyin.",

    unknown_title: "Bu bağlantı geçerli değil",
    unknown: "Belki bir parçası eksik. Kimsenin hesabı olmadığı sürece sunucu başlarken bağlantıyı yazdırır; yeniden \
              başlatılırsa yenisini yazdırır.",
    expired_title: "Bu bağlantının süresi doldu",
    expired: "Bir gün geçerliydi. Sunucuyu yeniden başlatın: yenisini yazdırır.",
    used_title: "İlk hesap zaten var",
    used: "Bu bağlantı görevini yaptı, bir daha kullanılamaz. Parola kaybolduysa, sunucuyu işleten yenisini belirler:",
    foreign_title: "Bu form başka bir yerden geldi",
    foreign: "Bu sunucunun kendi sayfasından gönderilmelidir. Öyle gönderildiyse bir vekil sunucu adresi gizliyordur: \
              adresi FIRMA_PUBLIC_URL olarak verin, sunucuyu yeniden başlatın ve yeni bağlantıyı açın.",
    away_title: "Şu anda olmuyor",

    done_title: "Tamam. Şimdi ne var?",
    done_intro: "Oluşturulanlar:",
    sign_in_title: "Oturum açın",
    sign_in_password: "Firma, API'si üzerinden kullanılır. Bir terminalde (bash ya da zsh) bunu, ardından görünmeyecek olan parolanızı \
                       yazın:",
    sign_in: "Sonra:",
    sign_in_end: "Yanıt kuruluşunuzdur. Belirteç uzun süre geçerli değildir: 401 yanıtından sonra yeniden alın.",
    members_title: "Kişi ekleyin",
    members: "Yukarıdaki belirteçle:",
    members_mail: "Bir e-posta onları davet eder. E-posta sunucusu ayarlanmamışsa, veri klasöründeki “outbox” klasöründe durur.",
    import_title: "Elinizdekileri getirin",
    import: "Şirketler, kişiler, fırsatlar ve etkinlikler, bir tablo programının kaydettiği CSV dosyasından alınır. Sunucuda, \
             başlatıldığı klasörde deneyin. Bu henüz hiçbir şey kaydetmez:",
    import_end: "Hangi satırların neden reddedildiğini söyler. --dry-run olmadan iyi satırlar alınır; yeniden \
                 çalıştırıldığında hiçbir şey iki kez oluşmaz. Adı farklı olan sütunlar --map SÜTUN=ALAN ile verilir.",
    stop_title: "Nerede çalışıyor",
    stop: "Sunucunun terminalinde Ctrl-C onu durdurur; yanıtlanmış hiçbir şey kaybolmaz. İlk seferki gibi yeniden \
           başlatılır.",
    data: "Verileriniz burada:",
    data_secret: "Onu yedekleyin; bütün anahtarların kaynağı olan, veri klasöründeki “secret” dosyasını da.",
};
