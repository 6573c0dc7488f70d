package illustration

// What is written in the illustrations.
var (
	shopNames = []string{
		"CAFE", "RAMEN", "BOOKS", "Bakery", "Flowers", "SUSHI BAR", "KARAOKE", "Records", "GAME", "OPEN 24H", "Tea House",
		"CURRY", "Pharmacy", "Boutique", "HOTEL", "Tokyo Mart",
	}
	offers = []string{"SALE", "NEW", "50%", "Tea", "Live!"}
	titles = []string{
		"Moon Garden", "Blue Spring", "The Last Train", "Star Letters", "Cats of Summer", "History II", "Mathematics",
		"Poems", "Magic Basics", "Night Sky", "A Small Kitchen",
	}
	formulas = []string{
		"E = mc²", "a² + b² = c²", "f(x) = sin x", "∫ x dx = x²/2", "H2O → ?", "Homework: p. 42", "Duty today: Aoi",
		"1868", "Don't be late!", "F = ma", "y = 3x - 7",
	}
	signatures = []string{"moelab", "drawn by moelab", "© moelab", "m. lab 2026", "moe / lab"}
	sounds     = []string{
		"DOKI", "BAM!", "ZAAA", "GOGOGO", "WHOOSH", "CRASH", "KYAA!", "DON!", "HUFF", "TA-DA!", "BOOM", "ZUZUN", "SLAM",
		"POOF", "FLASH", "RUMBLE",
	}
	exclamations = []string{
		"Eh?!", "What?!", "No way...", "...", "Wait!", "Huh?", "Ah!", "Let's go!", "Nani?!", "Run!", "Yes!!", "Hmph.",
		"Stop it!", "Really?", "Oh no!",
	}
	sentences = []string{
		"I knew you would come back here.",
		"It can't be... is that the same moon?",
		"Wait for me, please!",
		"If we run now we can still catch the last train.",
		"You forgot your umbrella again, didn't you?",
		"I will draw it again. And again. Until it is right.",
		"Where did all the lines go?",
		"Don't tell the teacher!",
		"Somebody enlarged me four times.",
		"So this is what the sea looks like.",
		"Happy birthday! Did you think I had forgotten?",
		"Give me back my bread!",
		"The stars are so clear tonight.",
		"Today I will say it. Today for sure.",
		"That power... it is over nine layers deep!",
		"Tomorrow, same time, same place?",
	}
	coverLines = []string{
		"NEW SERIES!", "Free poster inside", "Vol. 12", "Spring special", "48 pages in colour", "Interview",
		"How to draw hair", "Summer festival", "No. 7", "Reader's choice",
	}
	magazines = []string{"MOE", "COMIC LAB", "Hoshi", "PIXEL", "Aozora", "LINES", "Kirameki", "MANGA+"}
	names     = []string{"Aoi", "Hina", "Ren", "Yuki", "Sora", "Mio", "Kaede", "Rin", "Haru", "Tsubasa"}
)
